/** The system message of a row. */
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { optionalText } from "./fields.js";

/** A system message where there is a text for it. */
export function systemMessage(content: string | undefined): Message[] {
  return content === undefined ? [] : [{ role: "system", content }];
}

/**
 * Messages with the row's own system text before them.
 * @throws DataError where they begin with another one already
 */
export function withSystem(value: unknown, messages: Message[]): Message[] {
  const system = optionalText(value, "system");
  const [first] = messages;
  if (first?.role !== "system") return [...systemMessage(system), ...messages];
  if (system === undefined || system === first.content) return messages;
  throw new DataError("the row has two system messages: its key system and its first message", {
    why: "they differ, and one of them would be lost",
    todo: "keep one of them",
  });
}
