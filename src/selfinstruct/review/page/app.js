// The review page: a list, one item, and what a person does to it. Texts of models are only ever set as text.
"use strict";

const $ = (id) => document.getElementById(id);
const TOKEN = location.pathname.split("/")[1];
const KINDS = { generate: "instruction", prepare: "example" };
const NAMES = { instruction: "Instruction", input: "Input", output: "Output" };
const LATER = 250; // milliseconds of quiet in the search field before it is looked for

const state = {
  stage: "generate",
  lines: [], // what the list holds by now
  after: "", // where the next page begins
  ended: false,
  at: -1, // the chosen line; -1: an item that is not in the list
  item: null, // as the server last told it
  done: [], // ids of items that this tab did something to, for undo
  editing: false,
  rejecting: false,
  asked: 0, // counts lists and items asked for: late answers to older ones are dropped
  opened: 0,
  loading: false,
};

// --- the server ------------------------------------------------------------------------------------------------------

async function call(path, body) {
  const given = { headers: { "X-Review-Token": TOKEN } };
  if (body !== undefined) {
    given.method = "POST";
    given.headers["Content-Type"] = "application/json";
    given.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(`api/${path}`, given);
  } catch {
    throw new Error("The server does not answer. Start it again: selfinstruct review. Nothing was recorded.");
  }
  const told = await answer.json();
  if (answer.ok) return told;
  const error = new Error(told.error || `The server says ${answer.status}.`);
  error.item = told.item;
  throw error;
}

// --- one thing after the other: who types "j a" quickly means the item that j leads to ----------------------------------

let queue = Promise.resolve();
let waiting = 0;

function enqueue(work) {
  waiting += 1;
  queue = queue.then(work).catch((error) => say(error.message, true)).finally(() => { waiting -= 1; });
  return queue;
}

const then = (work) => () => enqueue(work);

// --- small things ----------------------------------------------------------------------------------------------------

function make(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "text") made.textContent = value;
    else if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function say(words, bad = false) {
  $("said").textContent = words;
  $("said").classList.toggle("bad", bad);
}

const number = (count) => count.toLocaleString("en");
const oneLine = (text) => text.replace(/\s+/g, " ").trim();
const cause = (item) => [...new Set([item.filter, item.reason])].filter(Boolean).join(": ");

function mark(line) {
  const edited = line.edited === true || (Array.isArray(line.edited) && line.edited.length > 0);
  if (line.out_with && line.verdict !== "rejected") return { kind: "rejected", words: "✕ with its instruction" };
  if (line.verdict === "accepted") return { kind: "accepted", words: edited ? "✓ accepted, edited" : "✓ accepted" };
  if (line.verdict === "rejected") return { kind: "rejected", words: "✕ rejected" };
  return edited ? { kind: "edited", words: "✎ edited" } : { kind: "", words: "" };
}

function isOut(item) {
  if (item.verdict === "rejected" || item.out_with) return true;
  return item.fate !== "accepted" && item.verdict !== "accepted";
}

// --- the list --------------------------------------------------------------------------------------------------------

async function showSummary() {
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

function showFates(counts) {
  const by = {};
  for (const row of counts) by[row.fate] = (by[row.fate] || 0) + row.count;
  const options = [["", "", "any fate"]];
  if (by.accepted) options.push(["accepted", "", `accepted (${number(by.accepted)})`]);
  if (by.rejected) options.push(["rejected", "", `dropped (${number(by.rejected)})`]);
  for (const row of counts.filter((row) => row.fate === "rejected"))
    options.push(["rejected", row.filter, `· by ${row.filter} (${number(row.count)})`]);
  if (by.quarantined) options.push(["quarantined", "", `set aside (${number(by.quarantined)})`]);
  const chosen = $("fate").value;
  $("fate").replaceChildren(
    ...options.map(([fate, filter, text]) => make("option", { value: JSON.stringify([fate, filter]), text })),
  );
  $("fate").value = chosen;
  if ($("fate").selectedIndex < 0) $("fate").selectedIndex = 0;
}

async function showList(choose = "first") {
  state.asked += 1;
  Object.assign(state, { lines: [], after: "", ended: false, at: -1, loading: false });
  $("lines").replaceChildren();
  $("list").scrollTop = 0;
  await lengthen(1);
  if (choose === "first" && state.lines.length) await chooseLine(0, false);
  else if (choose === "first") leaveItem();
}

async function lengthen(least) {
  // Pages may come short, even empty, where a search has far to look; it goes on until there are some lines, or no more.
  if (state.loading || state.ended) return;
  state.loading = true;
  const asked = state.asked;
  const wanted = state.lines.length + least;
  $("more").hidden = true;
  try {
    do {
      const [fate, filter] = JSON.parse($("fate").value || '["",""]');
      const query = { stage: state.stage, fate, filter, reviewed: $("reviewed").value, score: $("score").value, text: $("text").value.trim() };
      const page = await call(`items?${new URLSearchParams({ ...query, after: state.after })}`);
      if (asked !== state.asked) return;
      for (const line of page.lines) addLine(line);
      if (page.after) state.after = page.after;
      else if (page.lines.length) state.after = page.lines.at(-1).id;
      state.ended = !page.after;
      $("end").textContent = state.ended ? ending() : "looking…";
    } while (!state.ended && state.lines.length < wanted);
  } catch (error) {
    if (asked === state.asked) say(error.message, true);
  } finally {
    if (asked === state.asked) {
      state.loading = false;
      $("more").hidden = !state.ended;
    }
  }
}

function ending() {
  if (!state.lines.length) return "Nothing here is like that.";
  return `${number(state.lines.length)} ${KINDS[state.stage]}${state.lines.length === 1 ? "" : "s"}, and that is all.`;
}

function addLine(line) {
  const place = state.lines.length;
  state.lines.push(line);
  const button = make("button", { type: "button", onclick: then(() => chooseLine(place, true)) });
  $("lines").append(make("li", { id: `line-${line.id}` }, button));
  fillLine(place);
}

function fillLine(place) {
  const line = state.lines[place];
  const button = $("lines").children[place].firstChild;
  const said = mark(line);
  const why = line.fate === "accepted" ? "" : line.fate === "quarantined" ? "set aside" : cause(line);
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

async function chooseLine(place, reading) {
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

async function step(by) {
  if (state.at + by >= state.lines.length && !state.ended) await lengthen(1);
  if (state.at + by < 0 || state.at + by >= state.lines.length) return say(by > 0 ? "This is the last one." : "This is the first one.");
  await chooseLine(state.at + by, document.body.classList.contains("reading"));
}

// --- the item --------------------------------------------------------------------------------------------------------

async function openItem(id, reading = true) {
  const opened = ++state.opened;
  try {
    const item = await call(`item?id=${encodeURIComponent(id)}`);
    if (opened === state.opened) showItem(item, reading);
  } catch (error) {
    say(error.message, true);
  }
}

function leaveItem() {
  state.item = null;
  $("sheet").hidden = $("actions").hidden = true;
  $("empty").hidden = false;
}

function showItem(item, reading = false) {
  const other = !state.item || state.item.id !== item.id;
  state.item = item;
  closeForms();
  $("empty").hidden = true;
  $("sheet").hidden = $("actions").hidden = false;
  if (reading) document.body.classList.add("reading");
  $("item-id").textContent = item.id;
  const fates = { accepted: "accepted by the filters", rejected: `dropped by ${cause(item)}`, quarantined: "set aside" };
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

function showParts() {
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

function showNote() {
  const { item } = state;
  let words = "";
  if (item.out_with) words = `Left out with its instruction, which was rejected: ${item.out_with}.`;
  else if (item.fate !== "accepted" && item.verdict === "accepted" && item.stage === "generate")
    words = "Exports have this instruction. It has no examples: no answers were asked for, since a filter had dropped it.";
  else if (item.fate !== "accepted" && !item.verdict && item.edited.length)
    words = "Edited, but still left out: accept it to take it in.";
  $("note").textContent = words;
  $("note").hidden = !words;
}

function fact(title, ...children) {
  return make("section", { class: "fact" }, make("h2", { text: title }), ...children);
}

function listOf(rows) {
  return make("ul", {}, ...rows.map((cells) => make("li", {}, ...cells)));
}

function facts(item) {
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
  for (const { valid_task, suitable_input, correct_output, remark } of item.ratings) {
    const answers = [["valid task", valid_task], ["suitable input", suitable_input], ["correct output", correct_output]];
    const rows = answers.map(([name, answer]) => [make("span", { class: "grow", text: `${name}: ${answer}` })]);
    if (remark) rows.push([make("span", { class: "grow", dir: "auto", text: remark })]);
    made.push(fact("A judge says", listOf(rows)));
  }
  if (item.nearest.length)
    made.push(fact("Nearest when it was accepted (ROUGE-L)", listOf(item.nearest.map(([text, score]) => [
      make("span", { class: "num", text: score.toFixed(2) }), make("span", { class: "grow", dir: "auto", text }),
    ]))));
  if (item.history.length) made.push(fact("Reviewed", listOf(item.history.map(told))));
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

function told([at, what, reason, changed]) {
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

async function visit(id) {
  if (!(await leaveEdit())) return;
  const place = state.lines.findIndex((line) => line.id === id);
  if (place >= 0) return chooseLine(place, true);
  if (state.at >= 0) $("lines").children[state.at]?.firstChild.removeAttribute("aria-current");
  await openItem(id);
}

// --- what a person does ----------------------------------------------------------------------------------------------

async function act(what, more = {}, onward = false, id = state.item?.id, version = state.item?.version) {
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
    say(error.item ? "This was reviewed elsewhere meanwhile. Nothing was done; it is shown as it is now." : error.message, true);
    if (error.item && (state.item?.id === error.item.id)) showItem(error.item);
    return false;
  }
}

function outcome(what, item) {
  const text = oneLine(item.texts.instruction);
  const head = `${item.id}, “${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`;
  if (what === "reject") return `Rejected ${head}: ${item.why}. u takes it back.`;
  return `${{ accept: "Accepted", edit: "Saved", undo: "Undone: " }[what]} ${head}${what === "undo" ? "." : ". u takes it back."}`;
}

async function undo() {
  const id = state.done.at(-1) ?? state.item?.id;
  if (!id) return say("There is nothing to undo.");
  if (!(await leaveEdit())) return;
  if (state.item?.id !== id) await visit(id);
  if (state.item?.id === id && !(await act("undo"))) state.done = state.done.filter((one) => one !== id);
  if (state.item) $("undo").disabled = !state.done.length && !state.item.version;
}

function closeForms() {
  state.editing = state.rejecting = false;
  $("reject-form").hidden = $("edit-bar").hidden = true;
  $("verbs").hidden = false;
}

function startReject() {
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

function pick(place) {
  const buttons = [...$("reasons").children];
  buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(at === place)));
  $("reason").value = state.reasons[place];
  $("reason").focus();
  $("reason").select();
}

async function reject() {
  const reason = oneLine($("reason").value);
  if (!reason) {
    $("reason").focus();
    return say("A rejection needs a reason: pick one, or write it.", true);
  }
  await act("reject", { reason }, true);
  if (!state.rejecting) focusItem();
}

function startEdit() {
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
      made.append(make("p", { class: "hint", text: "Changed here, it changes for this example only." }));
  }
  const first = $(state.item.stage === "prepare" ? "edit-output" : "edit-instruction");
  first.focus();
  first.setSelectionRange(0, 0);
}

function edits() {
  const texts = {};
  for (const area of $("parts").querySelectorAll("textarea")) {
    const part = area.id.slice("edit-".length);
    if (area.value !== state.item.texts[part].replace(/\r\n?/g, "\n")) texts[part] = area.value;
  }
  return texts;
}

async function save() {
  const texts = edits();
  if (!Object.keys(texts).length) {
    showItem(state.item);
    say("Nothing was changed.");
  } else await act("edit", { texts });
  if (!state.editing) focusItem();
}

async function leaveEdit() {
  // Whether the item may be left: what was typed is not thrown away by a key that was meant for something else.
  if (state.editing && Object.keys(edits()).length) {
    say("There are changes: Ctrl+Enter saves them, Esc leaves them.", true);
    return false;
  }
  closeForms();
  return true;
}

function dropEdit() {
  showItem(state.item);
  say("Nothing was saved.");
  focusItem();
}

function focusItem() {
  if (state.at >= 0 && !document.body.classList.contains("reading")) $("lines").children[state.at].firstChild.focus({ preventScroll: true });
  else $("item").focus({ preventScroll: true });
}

// --- keys ------------------------------------------------------------------------------------------------------------

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  a: () => act("accept", {}, true),
  r: startReject,
  e: startEdit,
  u: undo,
  "/": () => { document.body.classList.remove("reading"); $("text").focus(); $("text").select(); },
  "?": () => $("help").showModal(),
};

function workFor(event) {
  // What a key means where things stand; nothing where it is for a field, or for the browser.
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "Escape") return escape;
  if (event.key === "Enter" && state.editing && (event.ctrlKey || event.metaKey)) return save;
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (state.rejecting && state.reasons[event.key - 1]) return () => pick(event.key - 1);
  return state.editing || state.rejecting ? null : KEYS[event.key];
}

function onKey(event) {
  if ($("help").open || event.isComposing) return;
  const early = waiting && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && !event.ctrlKey && !event.metaKey;
  if (early && /^([jkareu1-9/?]|Enter|Escape)$/.test(event.key)) {
    event.preventDefault(); // what it means is known when all before it is done
    const late = () => (event.key === "Enter" ? state.rejecting && reject() : workFor(event)?.());
    enqueue(late);
  } else if (!early) {
    const work = workFor(event);
    if (!work) return;
    event.preventDefault();
    enqueue(work);
  }
}

function escape() {
  if (state.editing) dropEdit();
  else if (state.rejecting) { closeForms(); focusItem(); }
  else if (document.activeElement === $("text")) { $("text").value = ""; showList(); focusItem(); }
  else document.body.classList.remove("reading");
}

// --- the beginning ---------------------------------------------------------------------------------------------------

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
    document.activeElement.blur(); // at once, or the next key would be typed into the field
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
  $("text").addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(then(filtered), LATER); });
  document.addEventListener("keydown", onKey);
  $("list").addEventListener("scroll", () => {
    if ($("list").scrollTop + $("list").clientHeight > $("list").scrollHeight - 900) lengthen(1);
  }, { passive: true });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) enqueue(refresh);
  });
}

async function refresh() {
  // Another tab may have been at work.
  if (state.editing || state.rejecting || !state.item) return;
  await openItem(state.item.id, false);
  await showSummary();
}

listen();
enqueue(begin);
