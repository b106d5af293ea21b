/** Charts as SVG: pure functions of numbers and words. */
export { type Bar, type BarRow, drawBars } from "./bars.js";
export { type DifferenceRow, drawDifferences } from "./differences.js";
export { drawLetters, type LetterSeries } from "./letters.js";
export { drawReliability, type ReliabilitySeries } from "./reliability.js";
