/** The look of the HTML report: light and dark, for screens of any width and for print. */

export const style = `
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#5d6878;--line:#e3e7ed;
--accent:#2563c9;--accent2:#7fa8ea;--warn:#b45309;--warnground:#fff7e8;--good:#15803d;--bad:#c2410c;--track:#e8ecf2;
--t1:#2563c9;--t2:#e08a1e;--t3:#16927a;--t4:#a34fb4;--t5:#c2485d;--t6:#6b7a90;--t7:#8a9a2b;--t8:#b9c2cf}
@media (prefers-color-scheme:dark){:root{--ground:#12161d;--card:#1a2029;--ink:#e4e9f1;--soft:#97a3b5;--line:#2a323e;
--accent:#6ea2f5;--accent2:#3f66a8;--warn:#f0b45c;--warnground:#2b2416;--good:#5cc98a;--bad:#f08a5d;--track:#29313d;
--t1:#6ea2f5;--t2:#eda94f;--t3:#4cc2a7;--t4:#c98ad6;--t5:#e7828f;--t6:#93a1b5;--t7:#b6c45c;--t8:#4a5566}}
:root[data-theme=light]{color-scheme:light;--ground:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#5d6878;--line:#e3e7ed;
--accent:#2563c9;--accent2:#7fa8ea;--warn:#b45309;--warnground:#fff7e8;--good:#15803d;--bad:#c2410c;--track:#e8ecf2;
--t1:#2563c9;--t2:#e08a1e;--t3:#16927a;--t4:#a34fb4;--t5:#c2485d;--t6:#6b7a90;--t7:#8a9a2b;--t8:#b9c2cf}
:root[data-theme=dark]{color-scheme:dark;--ground:#12161d;--card:#1a2029;--ink:#e4e9f1;--soft:#97a3b5;--line:#2a323e;
--accent:#6ea2f5;--accent2:#3f66a8;--warn:#f0b45c;--warnground:#2b2416;--good:#5cc98a;--bad:#f08a5d;--track:#29313d;
--t1:#6ea2f5;--t2:#eda94f;--t3:#4cc2a7;--t4:#c98ad6;--t5:#e7828f;--t6:#93a1b5;--t7:#b6c45c;--t8:#4a5566}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;font-variant-numeric:tabular-nums}
:root[data-language=en] .zh,:root[data-language=zh] .en{display:none}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
header{display:flex;gap:12px;align-items:flex-start;justify-content:space-between;margin-bottom:20px}
h1{font-size:26px;line-height:1.25;margin:0;letter-spacing:-.01em}
h2{font-size:15px;margin:0 0 12px;font-weight:650}
header p{margin:4px 0 0;color:var(--soft);overflow-wrap:anywhere}
header>div{min-width:0}nav{display:flex;gap:8px;flex:none}
button{font:inherit;font-size:13px;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:7px;
padding:5px 12px;cursor:pointer}button:hover{border-color:var(--accent)}
button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-bottom:16px}
.tile,.card{background:var(--card);border:1px solid var(--line);border-radius:12px}
.tile{padding:14px 16px}.tile b{display:block;font-size:24px;line-height:1.25;font-weight:650;letter-spacing:-.01em}
.tile>span{display:block;color:var(--soft);font-size:13px}.tile>span::first-letter{text-transform:uppercase}.tile.bad b{color:var(--bad)}
.stacks{display:flex;flex-wrap:wrap;gap:0 16px}.stack{flex:1 1 460px;min-width:0}
.card{padding:18px 20px;margin-bottom:16px}
.notices{margin-bottom:16px;padding:0;list-style:none}
.notices li{padding:10px 14px;border-radius:9px;border:1px solid var(--line);background:var(--card);margin-bottom:8px;
overflow-wrap:anywhere}
.notices li.problem{background:var(--warnground);border-color:transparent;box-shadow:inset 3px 0 0 var(--warn)}
table{width:100%;border-collapse:collapse;font-size:14px}
th{font-weight:500;color:var(--soft);font-size:13px;text-align:right;padding:4px 10px 6px 0;border-bottom:1px solid var(--line)}
td{text-align:right;padding:6px 10px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
td:not(:first-child):not(.text){white-space:nowrap}tr:has(.bar) td{vertical-align:middle}
tr:last-child td{border-bottom:0}th:first-child,td:first-child{text-align:left}
td.text,th.text{text-align:left;overflow-wrap:anywhere;white-space:pre-wrap}
td.bar{width:34%;vertical-align:middle}.scroll{overflow-x:auto}
.place{color:var(--soft);font-size:12.5px;overflow-wrap:anywhere}
.facts{display:flex;flex-wrap:wrap;gap:4px 18px;color:var(--soft);font-size:13px;margin:8px 0 0}
.facts b{color:var(--ink);font-weight:600}
svg{display:block}.chart{width:100%;height:auto}.chart text{font-size:11px;fill:var(--soft)}
.grid{stroke:var(--line)}.axis{stroke:var(--soft);stroke-opacity:.5}.column{fill:var(--accent)}.column.last{fill:var(--accent2)}
.column:hover{opacity:.75}line.mark{stroke:var(--t2);stroke-dasharray:3 3;stroke-width:1.2}.chart text.mark{fill:var(--t2);font-weight:600}
.ring{width:120px;flex:none}.ring circle{fill:none;stroke-width:13}.ring .track{stroke:var(--track)}.ring .fill{stroke:var(--good)}
td.text:nth-child(2){min-width:9em}
.ring text{font-size:16px;font-weight:650;fill:var(--ink)}
.parts{width:100%;height:20px;border-radius:6px;margin:4px 0 10px;overflow:hidden}.parts rect:hover{opacity:.8}
.share{width:100%;height:8px}.share .track{fill:var(--track)}.share .fill{fill:var(--accent)}
.share.bad .fill{fill:var(--bad)}.share.good .fill{fill:var(--good)}
.tone1{fill:var(--t1)}.tone2{fill:var(--t2)}.tone3{fill:var(--t3)}.tone4{fill:var(--t4)}.tone5{fill:var(--t5)}
.tone6{fill:var(--t6)}.tone7{fill:var(--t7)}.tone8{fill:var(--t8)}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;color:var(--soft);margin:0 0 12px;padding:0;list-style:none}
.legend li{display:flex;align-items:center;gap:6px}.legend svg{width:10px;height:10px;border-radius:3px}
.side{display:flex;gap:22px;align-items:center}.side>div{flex:1;min-width:0}
footer{margin-top:26px;color:var(--soft);font-size:12.5px;overflow-wrap:anywhere}
@media (max-width:560px){main{padding:20px 14px 40px}header{display:block;position:relative}nav{position:absolute;top:0;right:0}
h1{padding-right:130px;font-size:22px}.chart text{font-size:18px}.card{padding:16px 14px}}
@media print{nav{display:none}.card,.tile{break-inside:avoid}}
`;

/** Switches language and colours; the page reads the same without it. */
export const script = `
const root=document.documentElement;
document.getElementById("language").onclick=()=>{root.dataset.language=root.dataset.language==="zh"?"en":"zh";
root.lang=root.dataset.language==="zh"?"zh-CN":"en"};
document.getElementById("theme").onclick=()=>{const dark=root.dataset.theme?root.dataset.theme==="dark":
matchMedia("(prefers-color-scheme:dark)").matches;root.dataset.theme=dark?"light":"dark"};
`;
