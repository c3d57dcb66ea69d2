// Review actions: accept, reject, edit and undo, with their forms.

import { call } from "./api.js";
import { $, make, oneLine, say } from "./dom.js";
import { showItem, visit } from "./item.js";
import { showSummary, step } from "./list.js";
import { NAMES, state } from "./state.js";

export async function act(what, more = {}, onward = false, id = state.item?.id, version = state.item?.version) {
  if (!id) return false;
  try {
    const item = await call(what, { id, version, ...more });
    const same = state.item?.id === id;
    if (what === "undo") state.done.splice(state.done.lastIndexOf(id), state.done.includes(id) ? 1 : 0);
    else if (item.version !== version) state.done.push(id);
    say(outcome(what, item));
    if (same) showItem(item);
    showSummary().catch(() => {});
    if (same && onward && state.lines[state.at]?.id === id && (state.at + 1 < state.lines.length || !state.ended)) {
      const words = $("said").textContent;
      await step(1);
      say(words);
    }
    return item;
  } catch (error) {
    say(error.item ? "Someone else reviewed this item, so nothing was recorded. It is shown with its latest review." : error.message, true);
    if (error.item && (state.item?.id === error.item.id)) showItem(error.item);
    return false;
  }
}

export function outcome(what, item) {
  const text = oneLine(item.texts.instruction);
  const head = `${item.id}, “${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`;
  if (what === "reject") return `Rejected ${head}: ${item.why}. Press u to undo.`;
  return `${{ accept: "Accepted", edit: "Saved", undo: "Undone: " }[what]} ${head}${what === "undo" ? "." : ". Press u to undo."}`;
}

export async function undo() {
  const id = state.done.at(-1) ?? state.item?.id;
  if (!id) return say("There is nothing to undo.");
  if (!(await leaveEdit())) return;
  if (state.item?.id !== id) await visit(id);
  if (state.item?.id === id && !(await act("undo"))) state.done = state.done.filter((one) => one !== id);
  if (state.item) $("undo").disabled = !state.done.length && !state.item.version;
}

export function closeForms() {
  state.editing = state.rejecting = false;
  $("reject-form").hidden = $("edit-bar").hidden = true;
  $("verbs").hidden = false;
}

export function startReject() {
  if (!state.item || state.editing) return;
  state.rejecting = true;
  $("verbs").hidden = true;
  $("reject-form").hidden = false;
  $("reason").value = state.item.verdict === "rejected" ? state.item.why : "";
  $("reasons").replaceChildren(...state.reasons.map((words, place) => make(
    "button", { type: "button", "aria-pressed": String(words === $("reason").value), onclick: () => pick(place) },
    make("kbd", { text: String(place + 1) }), ` ${words}`,
  )));
  $("reasons").firstChild.focus();
}

export function pick(place) {
  const buttons = [...$("reasons").children];
  buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(at === place)));
  $("reason").value = state.reasons[place];
  $("reason").focus();
  $("reason").select();
}

export async function reject() {
  const reason = oneLine($("reason").value);
  if (!reason) {
    $("reason").focus();
    return say("A rejection needs a reason. Choose one, or write your own.", true);
  }
  await act("reject", { reason }, true);
  if (!state.rejecting) focusItem();
}

export function startEdit() {
  if (!state.item || state.editing) return;
  closeForms();
  state.editing = true;
  $("verbs").hidden = true;
  $("edit-bar").hidden = false;
  for (const [place, part] of Object.keys(state.item.texts).entries()) {
    const made = $("parts").children[place];
    const area = make("textarea", { id: `edit-${part}`, dir: "auto", "aria-label": NAMES[part] });
    area.value = state.item.texts[part];
    made.querySelector(".text").replaceWith(area);
    if (part === "instruction" && state.item.stage === "prepare")
      made.append(make("p", { class: "hint", text: "An edit here changes the instruction of this example only." }));
  }
  const first = $(state.item.stage === "prepare" ? "edit-output" : "edit-instruction");
  first.focus();
  first.setSelectionRange(0, 0);
}

export function edits() {
  const texts = {};
  for (const area of $("parts").querySelectorAll("textarea")) {
    const part = area.id.slice("edit-".length);
    if (area.value !== state.item.texts[part].replace(/\r\n?/g, "\n")) texts[part] = area.value;
  }
  return texts;
}

export async function save() {
  const texts = edits();
  if (!Object.keys(texts).length) {
    showItem(state.item);
    say("Nothing was changed.");
  } else await act("edit", { texts });
  if (!state.editing) focusItem();
}

export async function leaveEdit() {
  // Whether the item can be left. Unsaved text is not discarded by a key that was meant for something else.
  if (state.editing && Object.keys(edits()).length) {
    say("There are unsaved changes. Press Ctrl+Enter to save them or Esc to discard them.", true);
    return false;
  }
  closeForms();
  return true;
}

export function dropEdit() {
  showItem(state.item);
  say("Nothing was saved.");
  focusItem();
}

export function focusItem() {
  if (state.at >= 0 && !document.body.classList.contains("reading")) $("lines").children[state.at].firstChild.focus({ preventScroll: true });
  else $("item").focus({ preventScroll: true });
}
