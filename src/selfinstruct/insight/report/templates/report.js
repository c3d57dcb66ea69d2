"use strict";
// The sample is searched and shown in pages.
(() => {
  const form = document.getElementById("find");
  if (!form) return;
  const PAGE = 20;
  const items = [...document.querySelectorAll(".item")].map((element) => ({
    element,
    text: element.textContent.toLocaleLowerCase(),
  }));
  const [before, after] = form.querySelectorAll("button");
  const count = form.querySelector("output");
  let found = items;
  let first = 0;

  const show = () => {
    const shown = new Set(found.slice(first, first + PAGE));
    for (const item of items) item.element.hidden = !shown.has(item);
    const last = Math.min(first + PAGE, found.length);
    count.textContent = found.length ? `${first + 1} to ${last} of ${found.length}` : "Nothing found";
    before.disabled = first === 0;
    after.disabled = last >= found.length;
  };
  form.addEventListener("input", () => {
    const words = form.elements.words.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    found = items.filter((item) => words.every((word) => item.text.includes(word)));
    first = 0;
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  before.addEventListener("click", () => { first = Math.max(0, first - PAGE); show(); });
  after.addEventListener("click", () => { first += PAGE; show(); });
  form.hidden = false;
  show();
})();
