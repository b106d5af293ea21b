/**
 * JSON for file headers. Unlike `JSON.parse` it refuses a key given twice and the key `__proto__`
 * and limits nesting, because a header that two readers understand differently is an attack.
 */
import { FormatError } from "../util/errors.js";

export type JsonValue = null | boolean | number | string | JsonValue[] | Map<string, JsonValue>;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const WORD = /true|false|null/y;

/**
 * Parses a JSON text whose objects become maps.
 * @param where what the text is, for messages, such as `model.safetensors: header`
 * @throws FormatError with the character position
 */
export function parseStrictJson(
  text: string,
  where: string,
  { maxDepth = 8, maxValues = 1 << 22 } = {},
): JsonValue {
  let at = 0;
  let values = 0;

  function fail(what: string): never {
    throw new FormatError(`${where}: ${what} at character ${at}`, {
      todo: "the file is damaged or not of this format; download it again",
    });
  }
  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }
  function next(): string | undefined {
    match(SPACE);
    return text[at];
  }
  function expect(character: string): void {
    if (next() !== character) fail(`expected \`${character}\``);
    at++;
  }
  function string(): string {
    if (next() !== '"') fail("expected a string");
    let end = text.indexOf('"', at + 1);
    while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
    if (end < 0) fail("string without an end");
    const token = text.slice(at, end + 1);
    let content = "";
    try {
      content = JSON.parse(token) as string;
    } catch {
      fail("invalid string");
    }
    at = end + 1;
    return content;
  }
  function object(depth: number): Map<string, JsonValue> {
    const entries = new Map<string, JsonValue>();
    expect("{");
    if (next() === "}") {
      at++;
      return entries;
    }
    for (;;) {
      const key = string();
      if (key === "__proto__") fail("key `__proto__` is not allowed");
      if (entries.has(key)) fail(`key ${JSON.stringify(key.slice(0, 100))} given twice`);
      expect(":");
      entries.set(key, value(depth + 1));
      if (next() !== ",") break;
      at++;
    }
    expect("}");
    return entries;
  }
  function array(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    expect("[");
    if (next() === "]") {
      at++;
      return items;
    }
    for (;;) {
      items.push(value(depth + 1));
      if (next() !== ",") break;
      at++;
    }
    expect("]");
    return items;
  }
  function value(depth: number): JsonValue {
    if (depth > maxDepth) fail(`nested deeper than ${maxDepth}`);
    if (++values > maxValues) fail(`more than ${maxValues} values`);
    const first = next();
    if (first === "{") return object(depth);
    if (first === "[") return array(depth);
    if (first === '"') return string();
    const word = match(WORD);
    if (word !== undefined) return word === "null" ? null : word === "true";
    const number = match(NUMBER);
    if (number === undefined) return fail("expected a value");
    return Number(number);
  }

  const result = value(0);
  if (next() !== undefined) fail("text after the end");
  return result;
}

/** Whether the character at `at` follows an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text[before] === "\\") before--;
  return (at - before) % 2 === 0;
}
