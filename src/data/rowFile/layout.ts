/** How a file of JSON holds its rows, told by its beginning. */
import { type JsonValue, parseJson, stringEnd } from "../../util/json/index.js";

/**
 * `lines`: one a line (JSONL). `array`: elements of one array. `wrapped`: elements of the only list of
 * one object, as in `{"data": […]}`. `values`: one value after another, each over several lines.
 */
export type RowLayout = "lines" | "array" | "wrapped" | "values";

/** How much of a file is looked at. */
const lookedCharacters = 1 << 18;

/** @param bytes the file's first, without a byte order mark */
export function layoutOf(bytes: Buffer): RowLayout {
  const text = bytes.toString("latin1", 0, lookedCharacters).trimStart();
  if (!/^[[{]/.test(text)) return "lines";
  const first = parsed(firstLine(text));
  const rest = text.slice(firstLine(text).length).trimStart();
  const value = first ?? begun(text);
  if (Array.isArray(value)) {
    if (!isMessage(value[0])) return "array";
    // One conversation a line, or over several lines.
    return first !== undefined && rest !== "" ? "lines" : "values";
  }
  if (first !== undefined && rest !== "") return "lines";
  if (isWrapper(value)) return "wrapped";
  const goesOn = /[[{,:]\s*$/.test(firstLine(text));
  if (first !== undefined || rest === "" || !goesOn) return "lines";
  // Among rows that have a line each, the first may be a broken one.
  const hasWhole = rest
    .split("\n")
    .some((line) => /^[[{]/.test(line) && parsed(line) !== undefined);
  return hasWhole ? "lines" : "values";
}

function firstLine(text: string): string {
  const end = text.indexOf("\n");
  return end < 0 ? text : text.slice(0, end);
}

function parsed(text: string): JsonValue | undefined {
  try {
    const value = parseJson(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value that a text begins with, as far as the text goes. */
function begun(text: string): JsonValue | undefined {
  const closing: string[] = [];
  let end = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') {
      at = stringEnd(text, at);
      if (at < 0) break;
      continue;
    }
    if (character === ",") end = at;
    if (character === "{" || character === "[") closing.push(character === "{" ? "}" : "]");
    if (character === "}" || character === "]") closing.pop();
    if ("{[}]".includes(character)) end = at + 1;
    if (closing.length === 0) break;
  }
  return parsed(text.slice(0, end) + closing.reverse().join(""));
}

/** Keys that a row of some format has, and no object with rows in it. */
const rowKeys = [
  ...["messages", "conversations", "conversation", "chat", "chosen", "rejected"],
  ...["instruction", "output", "input", "target", "prompt", "completion", "text"],
];

function has(value: JsonValue | undefined, keys: readonly string[]): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return keys.some((key) => (value instanceof Map ? value.has(key) : Object.hasOwn(value, key)));
}

function isMessage(value: JsonValue | undefined): boolean {
  return has(value, ["role", "from"]) && !has(value, rowKeys);
}

/** Whether it is no row itself, and has rows in a list. */
function isWrapper(value: JsonValue | undefined): boolean {
  if (typeof value !== "object" || value === null || has(value, rowKeys)) return false;
  return Object.values(value).some(
    (list: unknown) =>
      Array.isArray(list) &&
      list.length > 0 &&
      (has(list[0], rowKeys) || (Array.isArray(list[0]) && isMessage(list[0][0]))),
  );
}
