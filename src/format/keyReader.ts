/** Typed reading of a JSON object's keys; every error names the file, the key and what it holds. */
import { FormatError } from "../util/errors.js";
import { excerpt } from "../util/excerpt.js";

export interface NumberRange {
  /** Only whole numbers. */
  whole?: boolean;
  least?: number;
  above?: number;
  most?: number;
}

/** Reads keys of one object. A key that is absent or null reads as undefined. */
export interface KeyReader {
  has(key: string): boolean;
  number(key: string, range?: NumberRange): number | undefined;
  /** A number that has to be there. */
  required(key: string, range?: NumberRange): number;
  string(key: string): string | undefined;
  boolean(key: string): boolean | undefined;
  numbers(key: string, range?: NumberRange): number[] | undefined;
  strings(key: string): string[] | undefined;
  object(key: string): KeyReader | undefined;
  fail(key: string, problem: string): never;
}

/**
 * @param where the file, for messages
 * @param prefix path of the object inside the file, ending in a dot, or empty
 */
export function keyReader(
  values: Readonly<Record<string, unknown>>,
  where: string,
  prefix = "",
): KeyReader {
  const read = (key: string): unknown => (Object.hasOwn(values, key) ? values[key] : undefined);
  const fail = (key: string, problem: string): never => {
    throw new FormatError(`${where}: \`${prefix}${key}\` ${problem}`, {
      why: "the configuration of the model is incomplete or has an unknown form",
      todo: `correct \`${prefix}${key}\` in ${where}, or download the file again`,
    });
  };
  const inRange = (value: unknown, range: NumberRange): value is number =>
    typeof value === "number" &&
    Number.isFinite(value) &&
    (!range.whole || Number.isSafeInteger(value)) &&
    (range.least === undefined || value >= range.least) &&
    (range.above === undefined || value > range.above) &&
    (range.most === undefined || value <= range.most);

  function typed<T>(key: string, expected: string, test: (value: unknown) => value is T) {
    const value = read(key) ?? undefined;
    if (value === undefined || test(value)) return value;
    return fail(key, `should be ${expected}, got ${shown(value)}`);
  }
  const reader: KeyReader = {
    has: (key) => (read(key) ?? undefined) !== undefined,
    number: (key, range = {}) => typed(key, describe(range), (value) => inRange(value, range)),
    required: (key, range = {}) => reader.number(key, range) ?? fail(key, "is missing"),
    string: (key) => typed(key, "a string", (value) => typeof value === "string"),
    boolean: (key) => typed(key, "true or false", (value) => typeof value === "boolean"),
    numbers: (key, range = {}) =>
      typed(
        key,
        `a list, each ${describe(range)}`,
        (value): value is number[] => Array.isArray(value) && value.every((n) => inRange(n, range)),
      ),
    strings: (key) =>
      typed(
        key,
        "a list of strings",
        (value): value is string[] =>
          Array.isArray(value) && value.every((text) => typeof text === "string"),
      ),
    object(key) {
      const value = typed(key, "an object", isObject);
      return value && keyReader(value, where, `${prefix}${key}.`);
    },
    fail,
  };
  return reader;
}

/** Whether a JSON value is an object and not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe({ whole, least, above, most }: NumberRange): string {
  const limits = [
    least === undefined ? "" : ` of at least ${least}`,
    above === undefined ? "" : ` above ${above}`,
    most === undefined ? "" : ` up to ${most}`,
  ];
  return `a ${whole ? "whole " : ""}number${limits.join("")}`;
}

function shown(value: unknown): string {
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object or array";
  const text = typeof value === "string" ? `"${value}"` : String(value);
  return excerpt(text, 0, 80);
}
