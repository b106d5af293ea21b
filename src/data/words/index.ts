/** What conversations say, and whether a chat template shows it. */
export { checkWords } from "./check.js";
export { toolName } from "./words.js";
