// The open item: its texts, its fate and a note about exports.

import { call } from "./api.js";
import { $, make, say } from "./dom.js";
import { facts } from "./facts.js";
import { chooseLine, fillLine } from "./list.js";
import { cause, mark } from "./marks.js";
import { closeForms, leaveEdit } from "./review.js";
import { NAMES, state } from "./state.js";

export async function openItem(id, reading = true) {
  const request = ++state.itemRequests;
  try {
    const item = await call(`item?id=${encodeURIComponent(id)}`);
    if (request === state.itemRequests) showItem(item, reading);
  } catch (error) {
    say(error.message, true);
  }
}

export function leaveItem() {
  state.item = null;
  $("sheet").hidden = $("actions").hidden = true;
  $("empty").hidden = false;
}

export function showItem(item, reading = false) {
  const other = !state.item || state.item.id !== item.id;
  state.item = item;
  closeForms();
  $("empty").hidden = true;
  $("sheet").hidden = $("actions").hidden = false;
  if (reading) document.body.classList.add("reading");
  $("item-id").textContent = item.id;
  const fates = { accepted: "accepted by the filters", rejected: `dropped by ${cause(item)}`, quarantined: "quarantined" };
  $("fate-chip").textContent = fates[item.fate];
  const said = mark(item);
  $("verdict-chip").textContent = said.words && `${said.words}${item.verdict === "rejected" ? `: ${item.why}` : ""}`;
  $("verdict-chip").className = `chip ${said.kind}`;
  showParts();
  showNote();
  $("facts").replaceChildren(...facts(item).filter(Boolean));
  $("undo").disabled = !state.done.length && !item.version;
  if (other) $("sheet").scrollTop = 0;
  const line = state.lines[state.at];
  if (line && line.id === item.id) {
    Object.assign(line, { texts: item.texts, verdict: item.verdict, edited: item.edited.length > 0, out_with: item.out_with });
    fillLine(state.at);
  }
}

export function showParts() {
  const { item } = state;
  const parts = Object.entries(item.texts).map(([part, text]) => {
    const head = make("h2", { text: NAMES[part] });
    if (item.edited.includes(part)) head.append(make("span", { class: "edited", text: "✎ edited" }));
    const made = make("div", { class: "part" }, head, make("div", { class: "text", dir: "auto", text }));
    if (item.edited.includes(part)) {
      const was = make("p", { class: "was", dir: "auto" }, make("b", { text: "Was: " }));
      was.append(item.original[part] || "empty");
      made.append(was);
    }
    return made;
  });
  $("parts").replaceChildren(...parts);
}

export function showNote() {
  const { item } = state;
  let words = "";
  if (item.out_with) words = `Excluded with its instruction, which was rejected: ${item.out_with}.`;
  else if (item.fate !== "accepted" && item.verdict === "accepted" && item.stage === "generate")
    words = "Exports include this instruction. It has no examples, because a filter had dropped it before answers were requested.";
  else if (item.fate !== "accepted" && !item.verdict && item.edited.length)
    words = "Edited, but still excluded. Accept it to restore it.";
  $("note").textContent = words;
  $("note").hidden = !words;
}

export async function visit(id) {
  if (!(await leaveEdit())) return;
  const place = state.lines.findIndex((line) => line.id === id);
  if (place >= 0) return chooseLine(place, true);
  if (state.at >= 0) $("lines").children[state.at]?.firstChild.removeAttribute("aria-current");
  await openItem(id);
}
