// The list of items: the summary above it, its pages and its lines.

import { call } from "./api.js";
import { $, make, number, oneLine, say } from "./dom.js";
import { leaveItem, openItem } from "./item.js";
import { cause, isOut, mark } from "./marks.js";
import { then } from "./queue.js";
import { leaveEdit } from "./review.js";
import { KINDS, state } from "./state.js";

export async function showSummary() {
  const summary = await call("summary");
  state.reasons = summary.reasons;
  $("run").textContent = summary.run;
  document.title = `Review: ${summary.run}`;
  for (const stage of Object.keys(KINDS)) {
    const all = summary.counts[stage].reduce((sum, row) => sum + row.count, 0);
    $(`tab-${stage}`).querySelector(".count").textContent = number(all);
  }
  const tally = summary.reviews[state.stage] || { accepted: 0, rejected: 0, edited: 0 };
  const reviewed = [`${number(tally.accepted)} accepted`, `${number(tally.rejected)} rejected`];
  $("progress").textContent = `by hand: ${[...reviewed, `${number(tally.edited)} edited`].join(", ")}`;
  showFates(summary.counts[state.stage]);
  $("score-label").hidden = !summary.rated || state.stage !== "prepare";
}

export function showFates(counts) {
  const by = {};
  for (const row of counts) by[row.fate] = (by[row.fate] || 0) + row.count;
  const options = [["", "", "any fate"]];
  if (by.accepted) options.push(["accepted", "", `accepted (${number(by.accepted)})`]);
  if (by.rejected) options.push(["rejected", "", `dropped (${number(by.rejected)})`]);
  for (const row of counts.filter((row) => row.fate === "rejected"))
    options.push(["rejected", row.filter, `· by ${row.filter} (${number(row.count)})`]);
  if (by.quarantined) options.push(["quarantined", "", `quarantined (${number(by.quarantined)})`]);
  const chosen = $("fate").value;
  $("fate").replaceChildren(
    ...options.map(([fate, filter, text]) => make("option", { value: JSON.stringify([fate, filter]), text })),
  );
  $("fate").value = chosen;
  if ($("fate").selectedIndex < 0) $("fate").selectedIndex = 0;
}

export async function showList(choose = "first") {
  state.listRequests += 1;
  Object.assign(state, { lines: [], after: "", ended: false, at: -1, loading: false });
  $("lines").replaceChildren();
  $("list").scrollTop = 0;
  await lengthen(1);
  if (choose === "first" && state.lines.length) await chooseLine(0, false);
  else if (choose === "first") leaveItem();
}

export async function lengthen(least) {
  // A page can be short or even empty if a search takes long. Load pages until there are enough lines, or no more.
  if (state.loading || state.ended) return;
  state.loading = true;
  const request = state.listRequests;
  const wanted = state.lines.length + least;
  $("more").hidden = true;
  try {
    do {
      const [fate, filter] = JSON.parse($("fate").value || '["",""]');
      const query = { stage: state.stage, fate, filter, reviewed: $("reviewed").value, score: $("score").value, text: $("text").value.trim() };
      const page = await call(`items?${new URLSearchParams({ ...query, after: state.after })}`);
      if (request !== state.listRequests) return;
      for (const line of page.lines) addLine(line);
      if (page.after) state.after = page.after;
      else if (page.lines.length) state.after = page.lines.at(-1).id;
      state.ended = !page.after;
      $("end").textContent = state.ended ? ending() : "searching…";
    } while (!state.ended && state.lines.length < wanted);
  } catch (error) {
    if (request === state.listRequests) say(error.message, true);
  } finally {
    if (request === state.listRequests) {
      state.loading = false;
      $("more").hidden = !state.ended;
    }
  }
}

export function ending() {
  if (!state.lines.length) return "No items match.";
  return `${number(state.lines.length)} ${KINDS[state.stage]}${state.lines.length === 1 ? "" : "s"}`;
}

export function addLine(line) {
  const place = state.lines.length;
  state.lines.push(line);
  const button = make("button", { type: "button", onclick: then(() => chooseLine(place, true)) });
  $("lines").append(make("li", { id: `line-${line.id}` }, button));
  fillLine(place);
}

export function fillLine(place) {
  const line = state.lines[place];
  const button = $("lines").children[place].firstChild;
  const said = mark(line);
  const why = line.fate === "accepted" ? "" : line.fate === "quarantined" ? "quarantined" : cause(line);
  const parts = [make("span", { class: "head", text: oneLine(line.texts.instruction) })];
  if (line.texts.output !== undefined) {
    const tail = [line.texts.input, line.texts.output].map(oneLine).filter(Boolean).join(" → ");
    parts.push(make("span", { class: "tail", text: tail }));
  }
  const meta = [make("code", { text: line.id }), make("span", { class: "why", text: why })];
  if (said.words) meta.push(make("span", { class: `mark ${said.kind}`, text: said.words }));
  parts.push(make("span", { class: "meta" }, ...meta));
  button.replaceChildren(...parts);
  button.parentElement.classList.toggle("gone", isOut(line));
}

export async function chooseLine(place, reading) {
  if (place < 0 || place >= state.lines.length) return;
  if (!(await leaveEdit())) return;
  if (state.at >= 0) $("lines").children[state.at]?.firstChild.removeAttribute("aria-current");
  state.at = place;
  const row = $("lines").children[place];
  row.firstChild.setAttribute("aria-current", "true");
  row.scrollIntoView({ block: "nearest" });
  if (document.activeElement === document.body || $("lines").contains(document.activeElement)) row.firstChild.focus({ preventScroll: true });
  if (place > state.lines.length - 15) lengthen(30);
  await openItem(state.lines[place].id, reading);
}

export async function step(by) {
  if (state.at + by >= state.lines.length && !state.ended) await lengthen(1);
  if (state.at + by < 0 || state.at + by >= state.lines.length) return say(by > 0 ? "This is the last one." : "This is the first one.");
  await chooseLine(state.at + by, document.body.classList.contains("reading"));
}
