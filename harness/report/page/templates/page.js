"use strict";
// Sorting, filtering and unfolding. Without it the page shows all the same: it only makes buttons, hides rows and opens details.
(() => {
  const all = (query, at = document) => [...at.querySelectorAll(query)];
  const form = document.querySelector(".filters");
  const rows = all("tr[data-workload]");

  // A cell sorts by its number where it has one, else by its text; what has neither comes last either way.
  const key = (cell) => {
    const held = cell.dataset.v ?? cell.textContent.trim();
    if (held === "" || held === "–") return null;
    const number = Number(held.replace(/,/g, ""));
    return Number.isNaN(number) ? held : number;
  };
  const order = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b), "en", { numeric: true });
  };
  const sort = (table, column, head) => {
    const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    all("thead th", table).forEach((th) => th.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const keyed = [...table.tBodies[0].rows].map((row) => [key(row.cells[column]), row]);
    keyed.sort((a, b) => order(a[0], b[0], sign));
    table.tBodies[0].append(...keyed.map((pair) => pair[1]));
  };
  for (const table of all("table[data-sort]")) {
    all("thead th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, column, head));
      head.append(button);
      head.setAttribute("aria-sort", "none");
    });
  }

  // A row of several languages or tracks (a contrast) is shown where one of them is asked for.
  const fits = (row, asked) => asked.every(([name, value]) => row.dataset[name].split(" ").includes(value));
  const filter = () => {
    const asked = all("select", form).filter((s) => s.value).map((s) => [s.name, s.value]);
    for (const row of rows) row.hidden = !fits(row, asked);
    const counted = new Map();
    for (const row of rows) {
      const noun = row.closest("table").dataset.noun;
      const [shown, total] = counted.get(noun) ?? [0, 0];
      counted.set(noun, [shown + !row.hidden, total + 1]);
    }
    const said = [...counted].map(([noun, [shown, total]]) => `${shown} of ${total} ${noun}`);
    form.querySelector("output").textContent = asked.length ? `Shown: ${said.join(", ")}` : "All rows are shown";
  };
  if (rows.length) {
    form.hidden = false;
    form.addEventListener("change", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    filter();
  }

  // A link into something folded or filtered away shows it first.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.hidden) form.reset();
    all("details:not(.jobs)", target).slice(0, 1).forEach((inner) => { if (target.matches(".claim")) inner.open = true; });
    for (let at = target; at; at = at.parentElement) if (at.matches("details")) at.open = true;
    setTimeout(() => { target.hidden = false; target.scrollIntoView(); target.focus({ preventScroll: true }); });
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  // On paper nothing can be unfolded.
  let opened = [];
  const print = (on) => {
    if (on) opened = all("details:not([open]):not(.jobs)");
    for (const details of opened) details.open = on;
    if (!on) opened = [];
  };
  matchMedia("print").addEventListener("change", (event) => print(event.matches));
})();
