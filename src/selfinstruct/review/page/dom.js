// Helpers for the document. Texts of models are only ever set as text, never as HTML.

export const $ = (id) => document.getElementById(id);

export function make(tag, given = {}, ...children) {
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

export function say(words, bad = false) {
  $("said").textContent = words;
  $("said").classList.toggle("bad", bad);
}

export const number = (count) => count.toLocaleString("en");
export const oneLine = (text) => text.replace(/\s+/g, " ").trim();
