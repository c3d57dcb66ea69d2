// The keyboard: which key does what, and when.

import { $ } from "./dom.js";
import { showList, step } from "./list.js";
import { enqueue, waiting } from "./queue.js";
import { act, closeForms, dropEdit, focusItem, pick, reject, save, startEdit, startReject, undo } from "./review.js";
import { state } from "./state.js";

export const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  a: () => act("accept", {}, true),
  r: startReject,
  e: startEdit,
  u: undo,
  "/": () => { document.body.classList.remove("reading"); $("text").focus(); $("text").select(); },
  "?": () => $("help").showModal(),
};

export function workFor(event) {
  // The action of a key in the current state, or nothing if the key is meant for a field or the browser.
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "Escape") return escape;
  if (event.key === "Enter" && state.editing && (event.ctrlKey || event.metaKey)) return save;
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (state.rejecting && state.reasons[event.key - 1]) return () => pick(event.key - 1);
  return state.editing || state.rejecting ? null : KEYS[event.key];
}

export function onKey(event) {
  if ($("help").open || event.isComposing) return;
  const early = waiting && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && !event.ctrlKey && !event.metaKey;
  if (early && /^([jkareu1-9/?]|Enter|Escape)$/.test(event.key)) {
    event.preventDefault(); // its meaning is known when all earlier actions are done
    const late = () => (event.key === "Enter" ? state.rejecting && reject() : workFor(event)?.());
    enqueue(late);
  } else if (!early) {
    const work = workFor(event);
    if (!work) return;
    event.preventDefault();
    enqueue(work);
  }
}

export function escape() {
  if (state.editing) dropEdit();
  else if (state.rejecting) { closeForms(); focusItem(); }
  else if (document.activeElement === $("text")) { $("text").value = ""; showList(); focusItem(); }
  else document.body.classList.remove("reading");
}
