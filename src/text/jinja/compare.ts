/** Python's truth, equality, order and membership. */
import { byCodePoint } from "../../util/json/index.js";
import { type AnyDict, dictEntries, dictGet, dictLength, isDict } from "./dicts.js";
import { typeError } from "./errors.js";
import { iterate } from "./iterate.js";
import { numericOf } from "./numbers.js";
import {
  Callable,
  DictView,
  Float,
  failUndefined,
  intOf,
  Markup,
  Range,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "./values.js";

/** Python's `bool(value)`. */
export function isTrue(value: Value): boolean {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return value !== "";
    case "number":
      return value !== 0;
    case "bigint":
      return true;
  }
  if (value === null) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Undefined) return false;
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Markup) return value.text !== "";
  if (value instanceof Range) return value.length > 0;
  if (value instanceof DictView) return dictLength(value.dict as AnyDict) > 0;
  if (value instanceof Callable) return value.more.length?.() !== 0;
  return isDict(value) ? dictLength(value) > 0 : true;
}

/** A number of JavaScript that compares as Python's number does; bigints compare exactly with floats. */
function comparable(value: Value): number | bigint | undefined {
  const number = numericOf(value);
  return number instanceof Float ? number.value : number;
}

/** By value, also of a bigint and a number; a NaN is the same as nothing. */
function isSameNumber(a: number | bigint, b: number | bigint): boolean {
  return a <= b && a >= b;
}

/** Python's `a == b`. */
export function isEqual(a: Value, b: Value): boolean {
  if (typeof a === "string" && typeof b === "string") return a === b;
  const left = comparable(a);
  if (left !== undefined) {
    const right = comparable(b);
    return right !== undefined && isSameNumber(left, right);
  }
  const text = textOf(a);
  if (text !== undefined) return text === textOf(b);
  if (a === b || a === null || b === null) return a === b;
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b);
  if (a instanceof Tuple) return b instanceof Tuple && sameItems(a.items, b.items);
  if (a instanceof Undefined) return b instanceof Undefined;
  if (a instanceof Range) return b instanceof Range && sameItems([...iterate(a)], [...iterate(b)]);
  if (a instanceof DictView) return b instanceof DictView && sameViews(a, b);
  return isDict(a) && isDict(b) && sameEntries(a, b);
}

function sameItems(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, index) => isEqual(item, b[index]!));
}

function sameEntries(a: AnyDict, b: AnyDict): boolean {
  if (dictLength(a) !== dictLength(b)) return false;
  return dictEntries(a).every(([key, value]) => {
    const other = dictGet(b, key);
    return other !== undefined && isEqual(value, other);
  });
}

function sameViews(a: DictView, b: DictView): boolean {
  if (a.kind === "values" || b.kind === "values") return false;
  const others = [...iterate(b)];
  const items = [...iterate(a)];
  return items.length === others.length && items.every((item) => contains(b, item));
}

/** Less than (negative), equal (0), greater; NaN where a NaN is compared, undefined for no order. */
function order(a: Value, b: Value): number | undefined {
  const [left, right] = [comparable(a), comparable(b)];
  if (left !== undefined && right !== undefined) {
    if (left < right) return -1;
    if (left > right) return 1;
    return isSameNumber(left, right) ? 0 : Number.NaN;
  }
  const [text, other] = [textOf(a), textOf(b)];
  if (text !== undefined && other !== undefined) return byCodePoint(text, other);
  if (a instanceof Undefined) failUndefined(a);
  if (b instanceof Undefined) failUndefined(b);
  if (Array.isArray(a) && Array.isArray(b)) return orderItems(a, b);
  if (a instanceof Tuple && b instanceof Tuple) return orderItems(a.items, b.items);
  return undefined;
}

function orderItems(a: readonly Value[], b: readonly Value[]): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++)
    if (!isEqual(a[at]!, b[at]!)) return orderOf(a[at]!, b[at]!, "<");
  return a.length - b.length;
}

function orderOf(a: Value, b: Value, operator: string): number {
  const result = order(a, b);
  if (result === undefined)
    throw typeError(
      `'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
    );
  return result;
}

/** Python's comparison operators, by their sign. */
export const comparisons: Readonly<Record<string, (a: Value, b: Value) => boolean>> = {
  "==": isEqual,
  "!=": (a, b) => !isEqual(a, b),
  "<": (a, b) => orderOf(a, b, "<") < 0,
  "<=": (a, b) => orderOf(a, b, "<=") <= 0,
  ">": (a, b) => orderOf(a, b, ">") > 0,
  ">=": (a, b) => orderOf(a, b, ">=") >= 0,
  in: (item, container) => contains(container, item),
  "not in": (item, container) => !contains(container, item),
};

/**
 * Python's `sorted(values, key=…, reverse=…)`: stable in both directions.
 * @throws TemplateError TypeError for values without an order, and where `reverse` is no int or bool
 */
export function sorted(
  values: Iterable<Value>,
  key: (value: Value) => Value = (value) => value,
  reverse: Value = false,
): Value[] {
  const backwards = intOf(reverse);
  if (backwards === undefined)
    throw typeError(`'${typeName(reverse)}' object cannot be interpreted as an integer`);
  const keyed = [...values].map((value) => ({ value, key: key(value) }));
  const sign = backwards === 0 ? 1 : -1;
  keyed.sort((a, b) => {
    if (orderOf(a.key, b.key, "<") < 0) return -sign;
    return orderOf(b.key, a.key, "<") < 0 ? sign : 0;
  });
  return keyed.map(({ value }) => value);
}

/** Python's `item in container`. @throws TemplateError TypeError */
export function contains(container: Value, item: Value): boolean {
  const text = textOf(container);
  if (text !== undefined) {
    const part = textOf(item);
    if (part === undefined)
      throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    return text.includes(part);
  }
  if (isDict(container)) return dictGet(container, item) !== undefined;
  if (container instanceof DictView && container.kind === "keys")
    return dictGet(container.dict as AnyDict, item) !== undefined;
  if (Array.isArray(container)) return container.some((one) => isEqual(one, item));
  for (const one of iterate(container, "argument of type")) if (isEqual(one, item)) return true;
  return false;
}
