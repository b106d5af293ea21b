/** Who speaks, by the names that files have for it. */
import type { Role } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { text } from "./fields.js";

/** Who speaks; `call` is an entry that is a call of tools, a part of the assistant's turn. */
export type Speaker = Role | "call";

const speakers: Readonly<Record<string, Speaker>> = {
  system: "system",
  developer: "system",
  user: "user",
  human: "user",
  prompter: "user",
  assistant: "assistant",
  gpt: "assistant",
  chatgpt: "assistant",
  ai: "assistant",
  bot: "assistant",
  model: "assistant",
  tool: "tool",
  function: "tool",
  ipython: "tool",
  observation: "tool",
  function_response: "tool",
  tool_response: "tool",
  tool_result: "tool",
  function_call: "call",
  tool_call: "call",
  tool_calls: "call",
};

/** Who a name of a role stands for, in capitals, padded or with hyphens too. */
export function speakerNamed(role: string): Speaker | undefined {
  if (Object.hasOwn(speakers, role)) return speakers[role];
  const usual = role.trim().toLowerCase().replaceAll("-", "_");
  return Object.hasOwn(speakers, usual) ? speakers[usual] : undefined;
}

/** @throws DataError for an unknown role */
export function readSpeaker(value: unknown, name: string): Speaker {
  const role = text(value, name);
  const known = speakerNamed(role);
  if (known) return known;
  throw new DataError(`${name} is ${JSON.stringify(role)}, which is not a known role`, {
    todo: "use system, user, assistant or tool",
  });
}
