/**
 * The values of a template. What JavaScript has is used as it is: null is None, a number is an int,
 * a bigint an int beyond 2^53, an array a list, and a plain object or a `Map` with text as keys a
 * dict (as `parseJson` gives them). Everything else that Python tells apart has a class of data here.
 */
import { Float } from "../../util/json/index.js";
import { type ErrorKind, TemplateError } from "./errors.js";

export { Float };

export type Int = number | bigint;
export type Value =
  | null
  | boolean
  | Int
  | string
  | Float
  | readonly Value[]
  | { readonly [key: string]: Value }
  | ReadonlyMap<string, Value>
  | Dict
  | DictView
  | Tuple
  | Markup
  | Range
  | Generator
  | Namespace
  | Callable
  | Undefined;

/** A dict made by a template: keys may be any hashable value. Entries are kept under `hashKey(key)`. */
export class Dict {
  constructor(readonly entries: Map<unknown, readonly [key: Value, value: Value]> = new Map()) {}
}

/** `dict.keys()`, `.values()` and `.items()`. */
export class DictView {
  constructor(
    readonly kind: "keys" | "values" | "items",
    readonly dict: Value,
  ) {}
}

export class Tuple {
  constructor(
    readonly items: readonly Value[],
    /** Names of the items, as in Python's named tuples. */
    readonly names?: readonly string[],
  ) {}
}

/** Text that is safe in HTML (markupsafe's class): adding to it escapes what is added. */
export class Markup {
  constructor(readonly text: string) {}
}

export class Range {
  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
    readonly length: number,
  ) {}
}

/** An iterator of Python: it can be walked through once. */
export class Generator {
  constructor(
    /** Python's name of its type. */
    readonly name: string,
    readonly iterator: Iterator<Value>,
  ) {}
}

/** `namespace(…)`: the only value whose attributes a template may set. */
export class Namespace {
  constructor(readonly attributes: Map<string, Value> = new Map()) {}
}

export interface Arguments {
  positional: readonly Value[];
  named?: ReadonlyMap<string, Value> | undefined;
}

/** Anything a template can call: macros, methods of values, globals, `loop`. */
export class Callable {
  constructor(
    /** Python's name of its type. */
    readonly type: string,
    readonly call: (args: Arguments) => Value,
    readonly more: {
      /** Its `repr`; without it, Python would print a memory address. */
      repr?: () => string;
      attribute?: (name: string) => Value | undefined;
      length?: () => number;
    } = {},
  ) {}
}

/** A name, attribute or item that does not exist. It prints as nothing; most other uses raise. */
export class Undefined {
  constructor(
    readonly message: () => string,
    readonly kind: ErrorKind = "UndefinedError",
  ) {}
}

/** Python's name of a value's type. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case "string":
      return "str";
    case "boolean":
      return "bool";
    case "number":
    case "bigint":
      return "int";
  }
  if (value === null) return "NoneType";
  if (Array.isArray(value)) return "list";
  if (value instanceof Float) return "float";
  if (value instanceof Tuple) return value.names ? "_GroupTuple" : "tuple";
  if (value instanceof Markup) return "Markup";
  if (value instanceof Range) return "range";
  if (value instanceof Generator) return value.name;
  if (value instanceof DictView) return `dict_${value.kind}`;
  if (value instanceof Namespace) return "TemplateNamespace";
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Callable) return value.type;
  return "dict";
}

/** Raises what an undefined value raises when more is done with it than printing. */
export function failUndefined(value: Undefined): never {
  throw new TemplateError(value.kind, value.message());
}

export function undefinedName(name: string): Undefined {
  return new Undefined(() => `'${name}' is undefined`);
}

/** The text of a `str` or `Markup`; undefined for other values. */
export function textOf(value: Value): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Markup ? value.text : undefined;
}

export function isInt(value: Value): value is Int {
  return typeof value === "number" || typeof value === "bigint";
}

/** An int, a bool counting as 0 or 1; undefined for other values. */
export function intOf(value: Value): Int | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  return isInt(value) ? value : undefined;
}
