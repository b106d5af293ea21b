/** Style of the API page: the colours and sizes of the page itself. */

export const style = `:root {
  color-scheme: light dark;
  --page: light-dark(#f7f8f8, #0f1413); --surface: light-dark(#fff, #171d1c);
  --sunken: light-dark(#eff2f1, #101615); --line: light-dark(#dde3e1, #2b3533);
  --line-strong: light-dark(#7d8b88, #70807c); --ink: light-dark(#14201e, #e6eeec);
  --ink-soft: light-dark(#4a5a57, #a3b3af); --accent: light-dark(#0f766e, #4fd1c0);
  --accent-ink: light-dark(#fff, #06201c); --accent-soft: light-dark(#dcf1ee, #15332f);
  --bad: light-dark(#b42318, #ff8a80);
  --font: system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif;
  --font-code: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", monospace;
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 0.9375rem/1.55 var(--font); }
h1, h2, h3, p, ul, pre, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.125rem; line-height: 1.3; }
h3 { font-size: 1.0625rem; line-height: 1.35; }
h4 { margin: 1.25rem 0 0.5rem; font-size: 0.9375rem; }
a { color: var(--accent); }
code, pre, textarea, .path { font-family: var(--font-code); font-size: 0.8125rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[hidden] { display: none !important; }
.soft { color: var(--ink-soft); }
.bar { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; padding: 0.75rem 1.5rem; background: var(--surface); border-bottom: 1px solid var(--line); }
.bar .home { display: flex; gap: 0.5rem; align-items: center; font-weight: 600; color: var(--ink); text-decoration: none; }
.bar .links { margin-left: auto; display: flex; gap: 1rem; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 0.5rem; top: 0.5rem; background: var(--surface); padding: 0.5rem; z-index: 2; }
.frame { display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 2rem; max-width: 78rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
nav ul { list-style: none; margin: 0.25rem 0 1.25rem; }
nav h2 { font-size: 0.8125rem; color: var(--ink-soft); }
nav a { display: block; padding: 0.25rem 0.5rem; border-radius: 0.375rem; text-decoration: none; color: var(--ink); overflow-wrap: anywhere; }
nav a:hover { background: var(--accent-soft); }
.contents { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow: auto; }
main > section { margin-bottom: 2.5rem; }
main > section > h2 { margin-bottom: 0.75rem; }
.intro { display: grid; gap: 0.75rem; max-width: 46rem; margin-bottom: 2.5rem; }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 0.625rem; padding: 1.25rem; margin-bottom: 1rem; scroll-margin-top: 1rem; }
.card > header { display: grid; gap: 0.25rem; }
.card .about { max-width: 46rem; margin-top: 0.5rem; }
.path { overflow-wrap: anywhere; color: var(--ink-soft); }
.method { display: inline-block; min-width: 3.25rem; margin-right: 0.5rem; font: 600 0.75rem/1.5 var(--font-code); color: var(--accent); text-transform: uppercase; }
nav .method { min-width: 3rem; margin-right: 0.25rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.8125rem; }
th, td { text-align: left; vertical-align: top; padding: 0.375rem 0.75rem 0.375rem 0; border-top: 1px solid var(--line); }
th { font-weight: 600; }
thead th { border-top: 0; color: var(--ink-soft); }
td.about { min-width: 14rem; }
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--accent); padding: 0.25rem 0; }
pre { background: var(--sunken); border: 1px solid var(--line); border-radius: 0.375rem; padding: 0.75rem; overflow: auto; white-space: pre; tab-size: 2; line-height: 1.5; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 28rem; }
.tabs { display: flex; flex-wrap: wrap; gap: 0.25rem; margin: 1rem 0 0.5rem; align-items: center; }
button { font: inherit; font-size: 0.8125rem; color: var(--ink); background: var(--surface); border: 1px solid var(--line-strong); border-radius: 0.375rem; padding: 0.3rem 0.75rem; cursor: pointer; min-height: 2rem; }
button:hover { background: var(--accent-soft); }
button[aria-selected="true"] { background: var(--accent-soft); border-color: var(--accent); font-weight: 600; }
button.main { background: var(--accent); color: var(--accent-ink); border-color: var(--accent); }
button:disabled { opacity: 0.6; cursor: default; }
.copy { margin-left: auto; }
.try { display: grid; gap: 0.75rem; margin-top: 0.75rem; }
label { display: grid; gap: 0.25rem; font-size: 0.8125rem; }
input, textarea { width: 100%; color: inherit; background: var(--page); border: 1px solid var(--line-strong); border-radius: 0.375rem; padding: 0.5rem; }
input { font: inherit; font-size: 0.875rem; max-width: 30rem; }
textarea { min-height: 11rem; resize: vertical; line-height: 1.5; }
.row { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
.failed { color: var(--bad); }
@media (max-width: 52rem) {
  .frame { grid-template-columns: minmax(0, 1fr); gap: 1rem; padding: 1rem 1rem 3rem; }
  .contents { position: static; max-height: none; }
  .bar { padding: 0.75rem 1rem; }
  .card { padding: 1rem; }
}
`;
