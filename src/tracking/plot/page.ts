/** Charts as one HTML page: the SVG of each, and a few lines of script that name the points under the mouse. */
import { type Markup, markup } from "../../util/markup.js";
import { type Chart, drawChart, frameOf, legendMark, margin, size } from "./svg.js";

/** What the page says above its charts. */
export interface PageRun {
  name: string;
  /** For example its state, step and last loss. */
  note: string;
}

const style = `
:root { color-scheme: light dark; --ground: #fff; --ink: #222; --edge: #ddd; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --ink: #ddd; --edge: #333; } }
body { margin: 24px; background: var(--ground); color: var(--ink); font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 18px; margin: 0 0 12px; }
ul { list-style: none; padding: 0; margin: 0 0 16px; }
label { cursor: pointer; }
label svg { vertical-align: middle; margin: 0 6px; }
small { opacity: .7; margin-left: 8px; }
main { display: flex; flex-wrap: wrap; gap: 16px; }
figure { margin: 0; position: relative; border: 1px solid var(--edge); border-radius: 6px; max-width: 100%; }
figure > svg { display: block; max-width: 100%; height: auto; }
output { position: absolute; pointer-events: none; background: var(--ground); border: 1px solid var(--edge);
  border-radius: 4px; padding: 4px 8px; font-size: 12px; white-space: nowrap; z-index: 1; }
output:empty { display: none; }
`;

/** Runs in the page: shows the nearest point of each run, and hides runs that are unticked. */
const script = `
const { charts, margin, size } = JSON.parse(document.getElementById("curves").textContent);
const hidden = new Set();
for (const box of document.querySelectorAll("input[data-run]")) {
  box.addEventListener("change", () => {
    const run = Number(box.dataset.run);
    box.checked ? hidden.delete(run) : hidden.add(run);
    for (const line of document.querySelectorAll('path[data-run="' + run + '"]'))
      line.style.display = box.checked ? "" : "none";
  });
}
const nearest = (x, wanted) => {
  let best = 0;
  for (let i = 1; i < x.length; i++) if (Math.abs(x[i] - wanted) < Math.abs(x[best] - wanted)) best = i;
  return best;
};
document.querySelectorAll("figure").forEach((figure, number) => {
  const tip = figure.querySelector("output");
  const { low, high, curves, xLabel } = charts[number];
  figure.addEventListener("pointermove", (event) => {
    const box = figure.firstElementChild.getBoundingClientRect();
    const across = size.width - margin.left - margin.right;
    const place = (((event.clientX - box.left) / box.width) * size.width - margin.left) / across;
    tip.textContent = "";
    if (place < 0 || place > 1) return;
    curves.forEach(({ run, x, y }, i) => {
      if (hidden.has(i) || x.length === 0) return;
      const at = nearest(x, low + place * (high - low));
      tip.append(run + "  " + y[at] + "  (" + xLabel + " " + x[at] + ")", document.createElement("br"));
    });
    tip.style.left = Math.max(0, Math.min(event.clientX - box.left + 12, box.width - tip.offsetWidth)) + "px";
    tip.style.top = event.clientY - box.top + 12 + "px";
  });
  figure.addEventListener("pointerleave", () => { tip.textContent = ""; });
});
`;

/** One self-contained page; nothing in it is loaded from elsewhere. */
export function drawPage(
  title: string,
  runs: readonly PageRun[],
  charts: readonly Chart[],
): string {
  const entries = runs.map(
    ({ name, note }, run) =>
      markup`<li><label><input type="checkbox" checked data-run="${run}">${legendMark(run)}${name}</label><small>${note}</small></li>\n`,
  );
  const figures = charts.map(
    (chart) => markup`<figure>${drawChart(chart)}<output></output></figure>\n`,
  );
  // The icon is named so that a browser asks no server for one.
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>${title}</title><style>${{ html: style }}</style></head><body>
<h1>${title}</h1>
<ul>
${entries}</ul>
<main>
${figures}</main>
<script type="application/json" id="curves">${curvesJson(charts)}</script>
<script>${{ html: script }}</script>
</body></html>
`.html;
}

/** The points of all charts, as the script reads them. Inside a script, only `<` could end it early. */
function curvesJson(charts: readonly Chart[]): Markup {
  const data = {
    size,
    margin,
    charts: charts.map((chart) => {
      const { low, high } = frameOf(chart).x;
      const { xLabel, curves } = chart.panel;
      const readable = curves.map(({ run, x, y }) => ({ run, x, y: y.map(jsonNumber) }));
      return { low, high, xLabel, curves: readable };
    }),
  };
  return { html: JSON.stringify(data).replaceAll("<", "\\u003c") };
}

/** JSON has no NaN, and `null` would hide it. */
function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : String(value);
}
