/**
 * Python's literals, as `repr` and `str` write lists and dicts into cells of tables: `[{'from':
 * 'human', 'ok': True}]`. Nothing is evaluated.
 */
import { Float, type JsonValue, objectOf } from "./json/index.js";
import { readPythonEscapes } from "./pythonEscapes.js";

interface Cursor {
  readonly text: string;
  at: number;
}

const maxDepth = 1000;

/**
 * A literal of dicts, lists, tuples (which become lists), strings, numbers, True, False and None.
 * Between dicts the comma may be missing, as numpy writes them.
 * @throws SyntaxError when it is something else
 */
export function parsePythonLiteral(text: string): JsonValue {
  const cursor = { text, at: 0 };
  const value = readValue(cursor, 0);
  skipSpace(cursor);
  if (cursor.at < text.length) throw wrong(cursor, "text after the end");
  return value;
}

function readValue(cursor: Cursor, depth: number): JsonValue {
  skipSpace(cursor);
  if (depth > maxDepth) throw wrong(cursor, `nested deeper than ${maxDepth}`);
  const start = cursor.text[cursor.at];
  if (start === "{") return readDict(cursor, depth);
  if (start === "[") return readItems(cursor, "]", depth);
  if (start === "(") return readItems(cursor, ")", depth);
  if (start === "'" || start === '"') return readString(cursor);
  return readWord(cursor);
}

function readDict(cursor: Cursor, depth: number): JsonValue {
  const entries: [string, JsonValue][] = [];
  cursor.at++;
  while (!takes(cursor, "}")) {
    const key = readValue(cursor, depth + 1);
    if (typeof key !== "string") throw wrong(cursor, "a key that is no string");
    if (!takes(cursor, ":")) throw wrong(cursor, "expected `:`");
    entries.push([key, readValue(cursor, depth + 1)]);
    if (takes(cursor, ",")) continue;
    if (!takes(cursor, "}")) throw wrong(cursor, "expected `}`");
    break;
  }
  return objectOf(entries);
}

function readItems(cursor: Cursor, closing: string, depth: number): JsonValue {
  const items: JsonValue[] = [];
  cursor.at++;
  while (!takes(cursor, closing)) {
    items.push(readValue(cursor, depth + 1));
    const isDict = cursor.text[cursor.at - 1] === "}";
    if (takes(cursor, ",")) continue;
    if (takes(cursor, closing)) break;
    // As numpy writes an array of dicts.
    if (isDict && cursor.text[cursor.at] === "{") continue;
    throw wrong(cursor, `expected \`${closing}\``);
  }
  return items;
}

const number = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const word = /(?:True|False|None|[+-]?(?:nan|inf))\b/y;
const words: Readonly<Record<string, JsonValue>> = { True: true, False: false, None: null };

function readWord(cursor: Cursor): JsonValue {
  const found = match(cursor, word);
  if (found !== undefined) {
    if (Object.hasOwn(words, found)) return words[found]!;
    if (found.endsWith("nan")) return new Float(Number.NaN);
    return new Float(found.startsWith("-") ? -1 / 0 : 1 / 0);
  }
  const digits = match(cursor, number);
  if (digits === undefined) throw wrong(cursor, "expected a value");
  if (/^[+-]?0\d/.test(digits)) throw wrong(cursor, "a number that begins with 0");
  if (/[.eE]/.test(digits)) return new Float(Number(digits));
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value + 0 : BigInt(digits.replace("+", ""));
}

const string = /'([^'\\\n]*(?:\\.[^'\\\n]*)*)'|"([^"\\\n]*(?:\\.[^"\\\n]*)*)"/sy;

function readString(cursor: Cursor): string {
  const literal = match(cursor, string);
  if (literal === undefined) throw wrong(cursor, "string without an end");
  return readPythonEscapes(literal.slice(1, -1), (what) => {
    throw wrong(cursor, what);
  });
}

function match(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found !== undefined) cursor.at += found.length;
  return found;
}

function takes(cursor: Cursor, character: string): boolean {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at++;
  return true;
}

function skipSpace(cursor: Cursor): void {
  while (/\s/.test(cursor.text[cursor.at] ?? "")) cursor.at++;
}

function wrong({ at }: Cursor, what: string): SyntaxError {
  return new SyntaxError(`${what} at character ${at + 1}`);
}
