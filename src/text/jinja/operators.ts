/** Python's arithmetic operators over all values. */
import { TemplateError, typeError } from "./errors.js";
import { escaped } from "./escape.js";
import {
  add,
  divide,
  floorDivide,
  modulo,
  multiply,
  type Numeric,
  negate,
  numericOf,
  power,
  subtract,
} from "./numbers.js";
import { formatPercent } from "./percentFormat.js";
import {
  failUndefined,
  intOf,
  Markup,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "./values.js";

/** The binary operators by their sign. @throws TemplateError for values that do not go together */
export const arithmetic: Readonly<Record<string, (a: Value, b: Value) => Value>> = {
  "+": (a, b) => {
    if (typeof a === "string" && typeof b === "string") return a + b;
    return numbers(add, a, b) ?? concatenate(a, b);
  },
  "-": (a, b) => numbers(subtract, a, b) ?? unsupportedTypes("-", a, b),
  "*": (a, b) => numbers(multiply, a, b) ?? repeat(a, b),
  "/": (a, b) => numbers(divide, a, b) ?? unsupportedTypes("/", a, b),
  "//": (a, b) => numbers(floorDivide, a, b) ?? unsupportedTypes("//", a, b),
  "%": (a, b) => {
    const text = textOf(a);
    if (text === undefined) return numbers(modulo, a, b) ?? unsupportedTypes("%", a, b);
    return a instanceof Markup ? new Markup(formatPercent(text, b, true)) : formatPercent(text, b);
  },
  "**": (a, b) => numbers(power, a, b) ?? unsupportedTypes("** or pow()", a, b),
};

function numbers(
  operation: (a: Numeric, b: Numeric) => Numeric,
  a: Value,
  b: Value,
): Numeric | undefined {
  const left = numericOf(a);
  const right = left === undefined ? undefined : numericOf(b);
  return right === undefined ? undefined : operation(left!, right);
}

function unsupportedTypes(sign: string, a: Value, b: Value): never {
  if (a instanceof Undefined) failUndefined(a);
  if (b instanceof Undefined) failUndefined(b);
  throw typeError(`unsupported operand type(s) for ${sign}: '${typeName(a)}' and '${typeName(b)}'`);
}

function concatenate(a: Value, b: Value): Value {
  const [left, right] = [textOf(a), textOf(b)];
  if (left !== undefined && right !== undefined) {
    if (a instanceof Markup || b instanceof Markup) return new Markup(escaped(a) + escaped(b));
    return left + right;
  }
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
  if (a instanceof Tuple && b instanceof Tuple) return new Tuple([...a.items, ...b.items]);
  if (b instanceof Undefined) failUndefined(b);
  if (left !== undefined || Array.isArray(a) || a instanceof Tuple) {
    const name = typeName(a);
    throw typeError(`can only concatenate ${name} (not "${typeName(b)}") to ${name}`);
  }
  return unsupportedTypes("+", a, b);
}

function repeat(a: Value, b: Value): Value {
  const [sequence, times] = intOf(b) === undefined ? [b, intOf(a)] : [a, intOf(b)];
  const text = textOf(sequence);
  const items = sequence instanceof Tuple ? sequence.items : sequence;
  if (times === undefined || (text === undefined && !Array.isArray(items))) {
    if (a instanceof Markup) throw typeError("text can only be repeated a number of times");
    return unsupportedTypes("*", a, b);
  }
  if (Math.abs(Number(times)) >= 2 ** 63)
    throw new TemplateError("OverflowError", "cannot fit 'int' into an index-sized integer");
  const count = Math.max(0, Number(times));
  if (text !== undefined) {
    const result = repeatText(text, count);
    return sequence instanceof Markup ? new Markup(result) : result;
  }
  const repeated = repeatItems(items as readonly Value[], count);
  return sequence instanceof Tuple ? new Tuple(repeated) : repeated;
}

function repeatText(text: string, count: number): string {
  if (text === "") return "";
  if (text.length * count > 2 ** 28) throw new TemplateError("OverflowError", "text is too long");
  return text.repeat(count);
}

function repeatItems(items: readonly Value[], count: number): Value[] {
  if (items.length * count > 2 ** 24) throw new TemplateError("OverflowError", "list is too long");
  return Array.from({ length: count }, () => items).flat(1);
}

/** `-value` and `+value`. */
export function unary(sign: "-" | "+", value: Value): Value {
  const number = numericOf(value);
  if (number !== undefined) return sign === "-" ? negate(number) : number;
  if (value instanceof Undefined) failUndefined(value);
  throw typeError(`bad operand type for unary ${sign}: '${typeName(value)}'`);
}

/** Python's `sum(values, start)`. @throws TemplateError for texts */
export function sumOf(values: Iterable<Value>, start: Value): Value {
  if (textOf(start) !== undefined)
    throw typeError("sum() can't sum strings [use ''.join(seq) instead]");
  let sum = start;
  for (const value of values) sum = arithmetic["+"]!(sum, value);
  return sum;
}
