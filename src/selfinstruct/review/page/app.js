// The review page: starts it and connects its buttons, fields and keys.

import { $ } from "./dom.js";
import { openItem } from "./item.js";
import { KEYS, escape, onKey } from "./keys.js";
import { lengthen, showList, showSummary } from "./list.js";
import { enqueue, then } from "./queue.js";
import { focusItem, leaveEdit, reject, save, startEdit, startReject, undo } from "./review.js";
import { KINDS, state } from "./state.js";

const SEARCH_DELAY = 250; // milliseconds without typing before a search starts

async function chooseStage(stage) {
  if (!(await leaveEdit())) return;
  state.stage = stage;
  for (const one of Object.keys(KINDS)) $(`tab-${one}`).setAttribute("aria-pressed", String(one === stage));
  $("fate").value = '["",""]';
  $("score").value = "";
  await begin();
}

async function begin() {
  await showSummary();
  await showList();
}

async function filtered() {
  if (await leaveEdit()) await showList();
}

async function toList() {
  if (!(await leaveEdit())) return;
  document.body.classList.remove("reading");
  focusItem();
}

function listen() {
  let typed;
  const submit = (id, work) => $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    document.activeElement.blur(); // immediately, or the next key would be typed into the field
    enqueue(work);
  });
  const clicks = {
    "tab-generate": () => chooseStage("generate"),
    "tab-prepare": () => chooseStage("prepare"),
    "help-button": KEYS["?"],
    accept: KEYS.a,
    reject: startReject,
    edit: startEdit,
    undo,
    previous: KEYS.k,
    next: KEYS.j,
    "reject-leave": escape,
    save,
    "edit-leave": escape,
    back: toList,
    more: async () => { state.ended = false; await showSummary(); await lengthen(1); },
  };
  for (const [id, work] of Object.entries(clicks)) $(id).addEventListener("click", then(work));
  submit("reject-form", reject);
  submit("filters", async () => { clearTimeout(typed); await filtered(); focusItem(); });
  $("fate").addEventListener("change", then(filtered));
  $("reviewed").addEventListener("change", then(filtered));
  $("score").addEventListener("change", then(filtered));
  $("text").addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(then(filtered), SEARCH_DELAY); });
  document.addEventListener("keydown", onKey);
  $("list").addEventListener("scroll", () => {
    if ($("list").scrollTop + $("list").clientHeight > $("list").scrollHeight - 900) lengthen(1);
  }, { passive: true });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) enqueue(refresh);
  });
}

async function refresh() {
  // Another tab may have changed the item.
  if (state.editing || state.rejecting || !state.item) return;
  await openItem(state.item.id, false);
  await showSummary();
}

listen();
enqueue(begin);
