/** JSON as Python's `json.loads` reads it. */
import { visibleText } from "../visibleText.js";
import { readJson, stringEnd } from "./read.js";
import { Float, isIndex, type JsonValue } from "./values.js";

/**
 * A JSON text as a value that keeps what `JSON.parse` loses: floats that are whole, integers beyond
 * 2^53, the order of keys that are numbers. NaN, Infinity and -Infinity are read too. A text without
 * any of these goes through `JSON.parse`.
 * @throws SyntaxError when it is not JSON, an integer has over 4,300 digits, or it is nested over
 *   {@link maxDepth} deep
 */
export function parseJson(text: string): JsonValue {
  if (!needsCare(text)) {
    try {
      return JSON.parse(text) as JsonValue;
    } catch {
      // The careful reader knows NaN, and says what is wrong.
    }
  }
  const fail = (what: string, at: number): never => {
    throw new SyntaxError(`${what} at ${placeIn(text, at)}`);
  };
  return readJson(text, { ...shape, fail });
}

/** Of objects and lists inside each other: about as deep as Python's reader goes. */
const maxDepth = 1000;

/** As in Python: more digits would take time that grows with their square. */
const maxDigits = 4300;

const shape = {
  number,
  object(keys: readonly string[], values: readonly JsonValue[]): JsonValue {
    if (keys.some(isIndex)) return new Map(keys.map((key, at) => [key, values[at]!]));
    const object: Record<string, JsonValue> = {};
    for (let at = 0; at < keys.length; at++) {
      if (keys[at] === "__proto__") {
        // Set as every other key it would be the object's prototype.
        Object.defineProperty(object, "__proto__", {
          value: values[at],
          enumerable: true,
          writable: true,
          configurable: true,
        });
      } else object[keys[at]!] = values[at]!;
    }
    return object;
  },
  list: (items: JsonValue[]): JsonValue => items,
  other: (value: string | boolean | null): JsonValue => value,
  nonFinite: (value: number): JsonValue => new Float(value),
  maxDepth,
};

/** The number of a character and what follows, without characters that steer a terminal. */
function placeIn(text: string, at: number): string {
  const rest = visibleText(text.slice(at, at + 30).replace(/\s+/g, " "));
  return rest === ""
    ? "the end"
    : `character ${at + 1}: ${rest}${text.length > at + 30 ? "…" : ""}`;
}

function number(token: string, isWhole: boolean): JsonValue {
  if (!isWhole) return new Float(Number(token));
  const value = Number(token);
  // An integer has no -0.
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  if (token.length > maxDigits) {
    throw new SyntaxError(`an integer has ${token.length} digits, and the limit is ${maxDigits}`);
  }
  return BigInt(token);
}

/**
 * Whether a text may hold what `JSON.parse` would lose. Looks at what is outside of strings only;
 * texts that are not JSON may get either answer.
 */
function needsCare(text: string): boolean {
  for (let at = 0; ; ) {
    const start = text.indexOf('"', at);
    if (start < 0) return hasOddNumber(text, at, text.length);
    if (hasOddNumber(text, at, start)) return true;
    const end = stringEnd(text, start);
    if (end < 0) return true;
    if (mayBeIndex(text, start + 1, end)) return true;
    at = end + 1;
  }
}

/** Whether a float, an integer of 16 digits or more, or -0 is between two offsets. */
function hasOddNumber(text: string, from: number, to: number): boolean {
  let digits = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) {
      if (++digits > 15) return true;
    } else {
      // A fraction or an exponent follows a digit; the e of true and false does not.
      if (digits > 0 && (code === 0x2e || code === 0x65 || code === 0x45)) return true;
      digits = 0;
      if (code === 0x2d && text.charCodeAt(at + 1) === 0x30) return true;
    }
  }
  return false;
}

/** Whether a string could be a key that looks like an array index. */
function mayBeIndex(text: string, from: number, to: number): boolean {
  const first = text.charCodeAt(from);
  const isDigit = first >= 0x30 && first <= 0x39;
  if (!isDigit && first !== 0x5c) return false;
  const key = text.slice(from, Math.min(to, from + 64));
  return /^(?:\d|\\u003\d)+$/.test(key) && /^\s*:/.test(text.slice(to + 1, to + 64));
}
