/** Curves as pictures: in the terminal, as SVG, as a page. */
export { drawPage, type PageRun } from "./page.js";
export { smoothCurve, thinCurve } from "./reduce.js";
export { type Chart, drawSvgFile } from "./svg.js";
export { drawInTerminal, type TerminalOptions } from "./terminal.js";
export type { Curve, Panel } from "./types.js";
