"use strict";
(() => {
  // --- plots: their colours are variables of the style, read again whenever the scheme changes ---
  const sources = [...document.querySelectorAll("script[data-plot]")].map((element) => ({
    plot: document.getElementById(element.dataset.plot),
    text: element.textContent,
  }));
  const narrow = matchMedia("(max-width: 720px)");

  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const family = getComputedStyle(document.body).fontFamily;
    const read = (key, value) => {
      if (key === "family") return family;
      const found = typeof value === "string" && /^var\((--[a-z0-9-]+)\)$/.exec(value);
      return found ? style.getPropertyValue(found[1]).trim() : value;
    };
    for (const { plot, text } of sources) {
      const figure = JSON.parse(text, read);
      if (narrow.matches && figure.layout.height > 400) figure.layout.height = 380;
      Plotly.react(plot, figure.data, figure.layout, { displayModeBar: false, responsive: true });
    }
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  matchMedia("print").addEventListener("change", draw);
  narrow.addEventListener("change", draw);

  // --- the sample: searched and paged ---
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
