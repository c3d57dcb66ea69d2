// The facts below an item: evidence, examples, ratings, nearest texts, history and the reply.

import { make, oneLine } from "./dom.js";
import { visit } from "./item.js";
import { cause, mark } from "./marks.js";
import { then } from "./queue.js";

function fact(title, ...children) {
  return make("section", { class: "fact" }, make("h2", { text: title }), ...children);
}

function listOf(rows) {
  return make("ul", {}, ...rows.map((cells) => make("li", {}, ...cells)));
}

export function facts(item) {
  const made = [];
  const evidence = Object.entries(item.evidence);
  if (evidence.length)
    made.push(fact("Evidence", listOf(evidence.map(([name, value]) => [
      make("span", { class: "grow", text: `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}` }),
    ]))));
  if (item.stage === "prepare" && /^g\d+\.\d+$/.test(item.subject))
    made.push(fact("Belongs to", itemButton(item.subject, `instruction ${item.subject}`, "")));
  if (item.examples.length)
    made.push(fact(`Examples (${item.examples.length})`, listOf(item.examples.map((line) => [itemButton(
      line.id, oneLine(line.texts.output) || "empty", oneLine(line.texts.input), mark(line).words || (line.fate === "accepted" ? "" : cause(line)),
    )]))));
  for (const { valid_task, suitable_input, correct_output, remark, grade } of item.ratings) {
    const answers = [["valid task", valid_task], ["suitable input", suitable_input], ["correct output", correct_output]];
    const rows = answers.map(([name, answer]) => [make("span", { class: "grow", text: `${name}: ${answer}` })]);
    if (grade) rows.push([make("span", { class: "grow", text: `grade: ${grade} of 5` })]);
    if (remark) rows.push([make("span", { class: "grow", dir: "auto", text: remark })]);
    made.push(fact("Rating", listOf(rows)));
  }
  const known = Object.entries(item.facts);
  if (known.length)
    made.push(fact("Facts", listOf(known.map(([name, value]) => [make("span", { class: "grow", text: `${name}: ${value}` })]))));
  if (item.nearest.length)
    made.push(fact("Nearest when it was accepted (ROUGE-L)", listOf(item.nearest.map(([text, score]) => [
      make("span", { class: "num", text: score.toFixed(2) }), make("span", { class: "grow", dir: "auto", text }),
    ]))));
  if (item.history.length) made.push(fact("Reviewed", listOf(item.history.map(historyLine))));
  made.push(source(item));
  return made;
}

function itemButton(id, text, before, after = "") {
  const button = make("button", { type: "button", class: "line", onclick: then(() => visit(id)) });
  if (before) button.append(make("span", { class: "tail", dir: "auto", text: before }));
  button.append(make("span", { dir: "auto", text }));
  if (after) button.append(make("span", { class: "tail", text: after }));
  return button;
}

function historyLine([at, what, reason, changed]) {
  const words = { accept: "accepted", reject: `rejected: ${reason}`, edit: `edited: ${Object.keys(changed).join(", ")}`, undo: "undone" };
  return [make("span", { class: "grow", text: words[what] }), make("time", { class: "when", datetime: at, text: new Date(at).toLocaleString() })];
}

function source(item) {
  if (!item.source.reply) return null;
  const words = [`Reply ${item.source.request}`, item.source.model, item.source.created_at?.slice(0, 16).replace("T", " "), item.source.finish === "length" ? "cut" : ""];
  const label = { yes: "classification", no: "not classification" }[item.label];
  const details = make("details", {}, make("summary", { text: [...words, label].filter(Boolean).join(" · ") }));
  details.append(make("pre", { dir: "auto", text: item.source.reply }));
  return make("section", { class: "fact" }, details);
}
