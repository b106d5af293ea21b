/** Calls of tools that a model wrote: read back out of its answers, in the format of its template. */
export { type ForcedCall, type ForcedChoice, forcedCall, type ToolDefinition } from "./forced.js";
export { toolCallFormatOf } from "./formatOf.js";
export type { ToolCallFormat } from "./formats.js";
export {
  createToolCallReader,
  readToolCalls,
  type ToolCallEvent,
  type ToolCallReader,
  type ToolCallReaderOptions,
} from "./reader.js";
