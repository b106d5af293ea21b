/** JSON values that keep what JavaScript's own lose: floats that are whole, large integers, key order. */
import { formatFloat } from "./formatFloat.js";

/** A number written with a fraction or an exponent: Python's `float`. 20.0 is not 20. */
export class Float {
  constructor(readonly value: number) {}

  /** As Python's `repr` has it. */
  toString(): string {
    return formatFloat(this.value);
  }
}

/**
 * An object in the order of its text. It is a map where a key looks like an array index ("10"), which
 * a JavaScript object would move to the front.
 */
export type JsonObject = { [key: string]: JsonValue } | Map<string, JsonValue>;

/** A `number` is a whole one within ±(2^53 - 1), a `bigint` one beyond it. */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | Float
  | string
  | JsonValue[]
  | JsonObject;

/** Whether a value is an object of JSON: no list, and none of the numbers. */
export function isJsonObject(value: unknown): value is JsonObject {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Float)
  );
}

/** Keys and values in their order. */
export function entriesOf(object: JsonObject): [string, JsonValue][] {
  return object instanceof Map ? [...object] : Object.entries(object);
}

/** The object of these keys and values in this order; of a key given twice the last value counts. */
export function objectOf(entries: Iterable<readonly [string, JsonValue]>): JsonObject {
  const all = [...entries];
  if (all.some(([key]) => isIndex(key))) return new Map(all);
  return Object.fromEntries(all);
}

/** Whether JavaScript's objects hold the key before all others, as they do with those of lists. */
export function isIndex(key: string): boolean {
  const first = key.charCodeAt(0);
  if (!(first >= 0x30 && first <= 0x39) || key.length > 10) return false;
  return /^(?:0|[1-9]\d*)$/.test(key) && Number(key) < 2 ** 32 - 1;
}

/** A number of any kind as JavaScript's; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (value instanceof Float) return value.value;
  return typeof value === "bigint" ? Number(value) : undefined;
}
