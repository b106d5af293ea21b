/** Walking through values, their lengths and their parts. */
import {
  characters,
  codePointLength,
  fromOffset,
  hasSurrogates,
  toOffset,
} from "../../util/codePoints.js";
import { type AnyDict, dictEntries, dictGet, dictKeys, dictLength, isDict } from "./dicts.js";
import { TemplateError, typeError, valueError } from "./errors.js";
import {
  Callable,
  DictView,
  failUndefined,
  Generator,
  intOf,
  Markup,
  Range,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "./values.js";

/** Python's `iter(value)`; undefined where a value cannot be walked through. */
export function iterableOf(value: Value): Iterable<Value> | undefined {
  if (typeof value === "string") return characters(value);
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return value;
  if (isDict(value)) return dictKeys(value);
  if (value instanceof Tuple) return value.items;
  if (value instanceof Markup) return characters(value.text);
  if (value instanceof DictView) return viewItems(value);
  if (value instanceof Range) return rangeItems(value);
  if (value instanceof Undefined) return [];
  if (value instanceof Generator) return { [Symbol.iterator]: () => value.iterator };
  return undefined;
}

/** @throws TemplateError TypeError for what cannot be walked through */
export function iterate(value: Value, what?: string): Iterable<Value> {
  const items = iterableOf(value);
  if (items === undefined)
    throw typeError(
      what === undefined
        ? `'${typeName(value)}' object is not iterable`
        : `${what} '${typeName(value)}' is not iterable`,
    );
  return items;
}

function viewItems({ kind, dict }: DictView): Value[] {
  const entries = dictEntries(dict as AnyDict);
  if (kind === "keys") return entries.map(([key]) => key);
  return entries.map((entry) => (kind === "values" ? entry[1] : new Tuple(entry)));
}

function* rangeItems({ start, step, length }: Range): Iterable<number> {
  for (let at = 0; at < length; at++) yield start + at * step;
}

/** Python's `len(value)`; undefined where a value has none. */
export function lengthOf(value: Value): number | undefined {
  if (typeof value === "string") return codePointLength(value);
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return value.length;
  if (isDict(value)) return dictLength(value);
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Markup) return codePointLength(value.text);
  if (value instanceof DictView) return dictLength(value.dict as AnyDict);
  if (value instanceof Range) return value.length;
  if (value instanceof Undefined) return 0;
  return value instanceof Callable ? value.more.length?.() : undefined;
}

/** @throws TemplateError TypeError */
export function length(value: Value): number {
  const result = lengthOf(value);
  if (result === undefined) throw typeError(`object of type '${typeName(value)}' has no len()`);
  return result;
}

/**
 * Python's `reversed(value)`, once.
 * @throws TemplateError TypeError for what has no order to turn round
 */
export function reversed(value: Value): Generator {
  if (value instanceof Generator || lengthOf(value) === undefined || value instanceof Callable)
    throw typeError(`'${typeName(value)}' object is not reversible`);
  const items = [...iterate(value)].reverse();
  // Only walking forwards gives the characters of safe text as plain ones.
  const isSafe = value instanceof Markup;
  return new Generator(
    "reversed",
    (isSafe ? items.map((item) => new Markup(item as string)) : items).values(),
  );
}

/** The item at a place or key: undefined where there is none or the value has no items. */
export function itemAt(value: Value, key: Value): Value | undefined {
  if (isDict(value)) return hasHash(key) ? dictGet(value, key) : undefined;
  const index = intOf(key);
  if (index === undefined) return undefined;
  const size = lengthOf(value);
  if (size === undefined) return undefined;
  const at = Number(index) < 0 ? size + Number(index) : Number(index);
  if (at < 0 || at >= size) return undefined;
  if (Array.isArray(value)) return value[at];
  if (value instanceof Tuple) return value.items[at];
  if (value instanceof Range) return value.start + at * value.step;
  const text = textOf(value);
  if (text === undefined) return undefined;
  const character = hasSurrogates(text)
    ? String.fromCodePoint(text.codePointAt(toOffset(text, at))!)
    : text[at]!;
  return value instanceof Markup ? new Markup(character) : character;
}

function hasHash(key: Value): boolean {
  return !(
    Array.isArray(key) ||
    isDict(key) ||
    (key instanceof Tuple && !key.items.every(hasHash))
  );
}

/** `value[start:stop:step]`. @throws TemplateError for a step of 0 and for values without order */
export function sliceOf(value: Value, start: Value, stop: Value, step: Value): Value {
  const text = textOf(value);
  if (text !== undefined) {
    const part = sliceText(text, start, stop, step);
    return value instanceof Markup ? new Markup(part) : part;
  }
  if (Array.isArray(value)) return sliceItems(value, start, stop, step);
  if (value instanceof Tuple) return new Tuple(sliceItems(value.items, start, stop, step));
  if (value instanceof Range) {
    const [first, count, by, end] = sliceBounds(value.length, start, stop, step);
    const place = (at: number) => value.start + at * value.step;
    return new Range(place(first), place(end), by * value.step, count);
  }
  if (value instanceof Undefined) failUndefined(value);
  if (isDict(value)) throw typeError("unhashable type: 'slice'");
  throw typeError(`'${typeName(value)}' object is not subscriptable`);
}

export function sliceText(text: string, start: Value, stop: Value, step: Value): string {
  const size = codePointLength(text);
  const [first, count, by] = sliceBounds(size, start, stop, step);
  if (by === 1) return text.slice(toOffset(text, first), toOffset(text, first + count));
  const all = characters(text);
  return Array.from({ length: count }, (_, at) => all[first + at * by]).join("");
}

function sliceItems(items: readonly Value[], start: Value, stop: Value, step: Value): Value[] {
  const [first, count, by] = sliceBounds(items.length, start, stop, step);
  return Array.from({ length: count }, (_, at) => items[first + at * by]!);
}

/** First place, number of items, step and end of a slice. */
function sliceBounds(
  size: number,
  start: Value,
  stop: Value,
  step: Value,
): [first: number, count: number, step: number, end: number] {
  const by = sliceIndex(step) ?? 1;
  if (by === 0) throw valueError("slice step cannot be zero");
  const [low, high] = by > 0 ? [0, size] : [-1, size - 1];
  const clamp = (value: number) => Math.min(Math.max(value < 0 ? value + size : value, low), high);
  const from = sliceIndex(start);
  const to = sliceIndex(stop);
  const first = from === undefined ? (by > 0 ? low : high) : clamp(from);
  const end = to === undefined ? (by > 0 ? high : low) : clamp(to);
  return [first, Math.max(0, Math.ceil((end - first) / by)), by, end];
}

function sliceIndex(value: Value): number | undefined {
  if (value === null) return undefined;
  const index = intOf(value);
  if (index === undefined)
    throw typeError("slice indices must be integers or None or have an __index__ method");
  return Number(index);
}

/** Where a part of a text is, in code points; -1 if nowhere. `start` and `stop` as in `str.find`. */
export function findText(
  text: string,
  part: string,
  start: Value,
  stop: Value,
  last: boolean,
): number {
  const size = codePointLength(text);
  if ((sliceIndex(start) ?? 0) > size) return -1;
  const [first, count] = sliceBounds(size, start, stop, null);
  const from = toOffset(text, first);
  const window = text.slice(from, toOffset(text, first + count));
  const at = last ? window.lastIndexOf(part) : window.indexOf(part);
  return at < 0 ? -1 : fromOffset(text, from + at);
}

/** Takes a value apart into as many values as there are targets. @throws TemplateError ValueError */
export function unpack(value: Value, count: number): Value[] {
  const items: Value[] = [];
  const walk = iterableOf(value);
  if (walk === undefined) throw typeError(`cannot unpack non-iterable ${typeName(value)} object`);
  for (const item of walk) {
    if (items.length === count) throw valueError(`too many values to unpack (expected ${count})`);
    items.push(item);
  }
  if (items.length < count)
    throw valueError(`not enough values to unpack (expected ${count}, got ${items.length})`);
  return items;
}

/** Python's `range(…)` in a sandbox. @throws TemplateError for more than 100,000 items */
export function makeRange(args: readonly Value[]): Range {
  if (args.length === 0 || args.length > 3)
    throw typeError(`range expected 1 to 3 arguments, got ${args.length}`);
  const numbers = args.map((arg) => {
    const number = intOf(arg);
    if (number === undefined)
      throw typeError(`'${typeName(arg)}' object cannot be interpreted as an integer`);
    return Number(number);
  });
  const [start, stop] = numbers.length === 1 ? [0, numbers[0]!] : [numbers[0]!, numbers[1]!];
  const step = numbers[2] ?? 1;
  if (step === 0) throw valueError("range() arg 3 must not be zero");
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (count > 100_000)
    throw new TemplateError(
      "OverflowError",
      "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).",
    );
  return new Range(start, stop, step, count);
}
