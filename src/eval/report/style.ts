/** How a report's page looks: on screens of any width, in light and dark, and on paper. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #fff; --panel: #f6f7f9; --ink: #1c2024; --quiet: #5b6470; --edge: #d4d9e0; --link: #0b5cad;
  --tuned: #0b6fb8; --base: #8a929d; --gold: #b7862b; --better: #08724f; --worse: #b3400e; --warn: #fff4d6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15181c; --panel: #1d2127; --ink: #e4e7eb; --quiet: #a2abb7; --edge: #383f49; --link: #7fb9f2;
    --tuned: #4ea3e0; --base: #7d8794; --gold: #d3a84f; --better: #4cc597; --worse: #f0915a; --warn: #3a3113;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0 auto; padding: 24px 16px 64px; max-width: 64rem; background: var(--ground); color: var(--ink);
  font: 16px/1.6 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.skip:not(:focus), .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 48px 0 8px; padding-top: 12px; border-top: 1px solid var(--edge); overflow-wrap: anywhere; }
h3 { font-size: 1.05rem; margin: 24px 0 4px; }
p, ul { margin: 8px 0; max-width: 46rem; }
ul { padding-left: 1.4em; }
li { margin: 4px 0; overflow-wrap: anywhere; }
header p { color: var(--quiet); }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 4px 20px; }
.warning { background: var(--warn); border-left: 4px solid var(--gold); padding: 8px 14px; border-radius: 4px; }
.scroll { position: relative; overflow-x: auto; margin: 12px 0; }
table { border-collapse: collapse; font-size: .875rem; line-height: 1.4; width: 100%; }
caption { text-align: left; color: var(--quiet); padding: 4px 0; font-size: .875rem; }
th, td { padding: 5px 10px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--edge); }
thead th { background: var(--panel); vertical-align: bottom; white-space: nowrap; }
tbody th { font-weight: 500; min-width: 9rem; max-width: 22rem; overflow-wrap: break-word; }
tbody td { min-width: 4.5rem; max-width: 34rem; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
span.better, span.worse, span.quiet { white-space: nowrap; }
.better { color: var(--better); font-weight: 600; }
.worse { color: var(--worse); font-weight: 600; }
.quiet { color: var(--quiet); }
figure { margin: 16px 0; }
figcaption { font-size: .875rem; color: var(--quiet); max-width: 46rem; }
figcaption strong { color: var(--ink); }
figure svg { display: block; max-width: none; font: 12px system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; fill: var(--ink); }
svg .tuned { fill: var(--tuned); } svg .base { fill: var(--base); } svg .gold { fill: var(--gold); }
svg .grid { stroke: var(--edge); } svg .zero { stroke: var(--ink); }
svg .chance { stroke: var(--worse); stroke-dasharray: 5 4; stroke-width: 1.5; }
svg .interval { stroke: var(--ink); stroke-width: 1.2; fill: none; }
svg .trend { fill: none; stroke-width: 1.5; } svg .trend.tuned { stroke: var(--tuned); } svg .trend.base { stroke: var(--base); }
svg circle.better { fill: var(--better); stroke: var(--better); } svg circle.worse { fill: var(--worse); stroke: var(--worse); }
svg circle.hollow { fill: var(--ground); stroke-width: 1.5; }
details { border: 1px solid var(--edge); border-radius: 6px; margin: 8px 0; padding: 0 14px; }
details[open] { padding-bottom: 8px; }
summary { cursor: pointer; padding: 6px 0; overflow-wrap: anywhere; }
pre { background: var(--panel); border-radius: 4px; padding: 10px 14px; margin: 4px 0 12px; white-space: pre-wrap;
  overflow-wrap: anywhere; font: .875rem/1.5 ui-monospace, "Noto Sans Mono CJK SC", monospace; max-height: 32rem; overflow-y: auto; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); gap: 0 16px; }
.label { font-size: .875rem; color: var(--quiet); margin: 8px 0 0; }
footer { margin-top: 48px; color: var(--quiet); font-size: .875rem; }
@media print {
  :root { --ground: #fff; --panel: #f6f7f9; --ink: #000; --quiet: #444; --edge: #bbb; --tuned: #0b6fb8; --base: #8a929d;
    --better: #08724f; --worse: #b3400e; --warn: #fff; color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 11pt; }
  nav, .skip { display: none; }
  .scroll { overflow: visible; }
  figure svg { max-width: 100%; height: auto; }
  tr, figure, pre { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  details::details-content { content-visibility: visible; height: auto; }
  pre { max-height: none; }
  * { print-color-adjust: exact; }
}
`;
