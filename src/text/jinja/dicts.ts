/** Python's dicts over the three forms they have here: plain objects, maps with text keys, and `Dict`. */
import { typeError } from "./errors.js";
import {
  Dict,
  DictView,
  Float,
  type Int,
  Markup,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.js";

export type AnyDict = Dict | ReadonlyMap<string, Value> | { readonly [key: string]: Value };

export function isDict(value: Value): value is AnyDict {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return (
    prototype === Object.prototype ||
    prototype === Dict.prototype ||
    prototype === Map.prototype ||
    prototype === null
  );
}

/**
 * What a key is kept under: equal keys have one (1, 1.0 and True), different ones do not.
 * @throws TemplateError for lists and dicts, which have no hash
 */
export function hashKey(key: Value): unknown {
  switch (typeof key) {
    case "string":
    case "number":
    case "bigint":
      return key;
    case "boolean":
      return key ? 1 : 0;
  }
  if (key instanceof Float) return floatKey(key.value);
  if (key instanceof Markup) return key.text;
  if (key instanceof Tuple) return Symbol.for(key.items.map(tuplePart).join());
  if (key instanceof Undefined) return Undefined;
  const isView = key instanceof DictView && key.kind !== "values";
  if (Array.isArray(key) || isDict(key) || isView)
    throw typeError(`unhashable type: '${typeName(key)}'`);
  return key;
}

function floatKey(value: number): Int {
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value;
}

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

function tuplePart(item: Value): string {
  const key = hashKey(item);
  if (typeof key === "string") return JSON.stringify(key);
  if ((typeof key === "object" || typeof key === "function") && key !== null) {
    if (!identities.has(key)) identities.set(key, ++lastIdentity);
    return `#${identities.get(key)}`;
  }
  return String(key);
}

/** @returns undefined where the key is missing */
export function dictGet(dict: AnyDict, key: Value): Value | undefined {
  if (dict instanceof Dict) return dict.entries.get(hashKey(key))?.[1];
  const name = hashKey(key);
  if (typeof name !== "string") return undefined;
  if (dict instanceof Map) return dict.get(name);
  return Object.hasOwn(dict, name) ? (dict as { readonly [key: string]: Value })[name] : undefined;
}

export function dictEntries(dict: AnyDict): (readonly [Value, Value])[] {
  if (dict instanceof Dict) return [...dict.entries.values()];
  if (dict instanceof Map) return [...dict];
  return Object.entries(dict).filter(([, value]) => value !== undefined);
}

export function dictKeys(dict: AnyDict): Value[] {
  return dictEntries(dict).map(([key]) => key);
}

export function dictLength(dict: AnyDict): number {
  if (dict instanceof Dict) return dict.entries.size;
  return dict instanceof Map ? dict.size : dictEntries(dict).length;
}

/** A later value of a key replaces the earlier one; key and place stay those of the first. */
export function setEntry(dict: Dict, key: Value, value: Value): void {
  const hash = hashKey(key);
  dict.entries.set(hash, [dict.entries.get(hash)?.[0] ?? key, value]);
}

export function dictOf(entries: Iterable<readonly [Value, Value]>): Dict {
  const dict = new Dict();
  for (const [key, value] of entries) setEntry(dict, key, value);
  return dict;
}
