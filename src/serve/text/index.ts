/** A process in which rows become tokens, as training makes them. */
export { createTextProcess, type TextProcess } from "./client.js";
export type { TextChoice } from "./protocol.js";
