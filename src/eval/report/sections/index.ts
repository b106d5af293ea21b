/** The parts of a report, each from the same facts. */
export { answers } from "./answers.js";
export { benchmark } from "./benchmark.js";
export { contamination } from "./contamination.js";
export { dialogues } from "./dialogue.js";
export { draws, publishedScores } from "./draws.js";
export { flips } from "./flips.js";
export { headline } from "./headline.js";
export { reading } from "./reading.js";
export { settings } from "./settings.js";
export { noteLines, watch, watchLines } from "./watch.js";
