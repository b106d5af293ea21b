/** Calls that an answer is made to be: `tool_choice` required, or of a tool by name. */
import type { ToolCallFormat } from "./formats.js";

/** What a request tells of a tool. */
export interface ToolDefinition {
  name: string;
  /** JSON Schema of the arguments; undefined for any object. */
  parameters: unknown;
}

export interface ForcedCall {
  /** Goes behind the prompt, and is read as the beginning of the answer. */
  prefix: string;
  /** What the model writes behind it: one of these. */
  choices: readonly ForcedChoice[];
}

/** A text, arguments of this schema, and a text. */
export interface ForcedChoice extends ToolDefinition {
  before: string;
  behind: string;
}

/** @param tools that may be called, at least one */
export function forcedCall(format: ToolCallFormat, tools: readonly ToolDefinition[]): ForcedCall {
  const written = tools.map(({ name }) => format.write(name));
  const length = sharedLength(written.map(({ before }) => before));
  const prefix = written[0]!.before.slice(0, length);
  const choices = tools.map((tool, at) => ({
    ...tool,
    before: written[at]!.before.slice(length),
    behind: written[at]!.behind,
  }));
  return { prefix, choices };
}

/** Characters that all texts begin with. */
function sharedLength(texts: readonly string[]): number {
  const [first, ...others] = texts;
  let length = first!.length;
  for (const other of others) while (!other.startsWith(first!.slice(0, length))) length--;
  return length;
}
