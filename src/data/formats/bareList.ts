/** Rows that are a list of messages, without an object around it. */
import { isEntry } from "./entries.js";
import { type Row, rowOf } from "./fields.js";

/** A value of a file as a row: an object, or a list of messages in either notation. */
export function conversationRow(value: unknown): Row | undefined {
  if (!Array.isArray(value)) return rowOf(value);
  const isList = value.length > 0 && value.every((entry) => isEntry(rowOf(entry) ?? {}));
  return isList ? { messages: value } : undefined;
}
