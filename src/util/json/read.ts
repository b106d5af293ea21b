/** A reader of JSON whose caller decides what numbers and objects become. */

/** What a text becomes. */
export interface JsonShape<Value> {
  /** @param isWhole whether it has neither fraction nor exponent */
  number(token: string, isWhole: boolean): Value;
  /** A key may be given several times. @param at where the object ends */
  object(keys: readonly string[], values: readonly Value[], at: number): Value;
  list(items: Value[]): Value;
  /** Texts, true, false and null. */
  other(value: string | boolean | null): Value;
  /** Python's NaN, Infinity and -Infinity; refused where this is missing. */
  nonFinite?(value: number): Value;
  /** Most objects and lists inside each other. */
  maxDepth: number;
  /** Most values altogether. Default: any number. */
  maxValues?: number;
  /** @param at UTF-16 offset in the text */
  fail(what: string, at: number): never;
}

interface Cursor<Value> {
  readonly text: string;
  readonly shape: JsonShape<Value>;
  at: number;
  values: number;
}

/** Reads a whole text. Everything that is wrong goes to `shape.fail`. */
export function readJson<Value>(text: string, shape: JsonShape<Value>): Value {
  const cursor: Cursor<Value> = { text, shape, at: 0, values: 0 };
  const value = readValue(cursor, 0);
  if (next(cursor) < text.length) shape.fail("text after the end", cursor.at);
  return value;
}

/** Goes on to what is no white space. */
function next<Value>(cursor: Cursor<Value>): number {
  const { text } = cursor;
  let { at } = cursor;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
    at++;
  }
  cursor.at = at;
  return at;
}

function readValue<Value>(cursor: Cursor<Value>, depth: number): Value {
  const { text, shape } = cursor;
  const { maxDepth, maxValues = Number.POSITIVE_INFINITY } = shape;
  if (depth > maxDepth) shape.fail(`nested deeper than ${maxDepth}`, cursor.at);
  if (++cursor.values > maxValues) shape.fail(`more than ${maxValues} values`, cursor.at);
  const start = text[next(cursor)];
  if (start === "{") return readObject(cursor, depth);
  if (start === "[") return readList(cursor, depth);
  if (start === '"') return shape.other(readString(cursor));
  return readNumber(cursor) ?? readWord(cursor);
}

function readObject<Value>(cursor: Cursor<Value>, depth: number): Value {
  const keys: string[] = [];
  const values: Value[] = [];
  const { text, shape } = cursor;
  cursor.at++;
  if (text[next(cursor)] !== "}") {
    for (;;) {
      keys.push(readString(cursor));
      expect(cursor, ":");
      values.push(readValue(cursor, depth + 1));
      if (text[next(cursor)] !== ",") break;
      cursor.at++;
    }
  }
  expect(cursor, "}");
  return shape.object(keys, values, cursor.at);
}

function readList<Value>(cursor: Cursor<Value>, depth: number): Value {
  const items: Value[] = [];
  const { text, shape } = cursor;
  cursor.at++;
  if (text[next(cursor)] !== "]") {
    for (;;) {
      items.push(readValue(cursor, depth + 1));
      if (text[next(cursor)] !== ",") break;
      cursor.at++;
    }
  }
  expect(cursor, "]");
  return shape.list(items);
}

function expect<Value>(cursor: Cursor<Value>, character: string): void {
  if (cursor.text[next(cursor)] !== character) {
    cursor.shape.fail(`expected \`${character}\``, cursor.at);
  }
  cursor.at++;
}

function readString<Value>(cursor: Cursor<Value>): string {
  const { text, shape } = cursor;
  const start = next(cursor);
  if (text[start] !== '"') shape.fail("expected a string", start);
  const end = stringEnd(text, start);
  if (end < 0) shape.fail("string without an end", start);
  cursor.at = end + 1;
  const content = text.slice(start + 1, end);
  if (!needsParsing.test(content)) return content;
  try {
    return JSON.parse(text.slice(start, end + 1)) as string;
  } catch {
    return shape.fail("invalid string", start);
  }
}

const needsParsing = /[^ -\uffff]|\\/;

/** Index of the quote that closes the string which begins at `start`; -1 where there is none. */
export function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    if (end < 0) return -1;
    let before = end - 1;
    while (text.charCodeAt(before) === 0x5c) before--;
    if ((end - before) % 2 === 1) return end;
  }
}

const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;

function readNumber<Value>(cursor: Cursor<Value>): Value | undefined {
  number.lastIndex = cursor.at;
  const found = number.exec(cursor.text);
  if (found === null) return undefined;
  const [token, fraction, exponent] = found;
  cursor.at += token.length;
  return cursor.shape.number(token, fraction === undefined && exponent === undefined);
}

const word = /true|false|null|NaN|-?Infinity/y;

function readWord<Value>(cursor: Cursor<Value>): Value {
  const { shape, at } = cursor;
  word.lastIndex = at;
  const found = word.exec(cursor.text)?.[0];
  if (found === undefined) return shape.fail("expected a value", at);
  cursor.at += found.length;
  if (found === "null") return shape.other(null);
  if (found === "true" || found === "false") return shape.other(found === "true");
  if (!shape.nonFinite) return shape.fail("expected a value", at);
  return shape.nonFinite(Number(found));
}
