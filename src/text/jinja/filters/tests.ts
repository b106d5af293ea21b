/** Jinja2's tests: `value is defined`. */
import { comparisons, contains, isEqual } from "../compare.js";
import { hashKey, isDict } from "../dicts.js";
import { iterableOf, lengthOf } from "../iterate.js";
import { numericOf } from "../numbers.js";
import { arithmetic } from "../operators.js";
import { toText } from "../print.js";
import { type Method, method } from "../signature.js";
import { classTests } from "../textCase.js";
import {
  Callable,
  DictView,
  Float,
  isInt,
  Markup,
  textOf,
  Undefined,
  type Value,
} from "../values.js";

const rest = (value: Value, by: Value) => arithmetic["%"]!(value, by);

const compared = (sign: string): Method<Value> =>
  method("other", (value, other) => comparisons[sign]!(value, other!));

/** Values that have a length and items by place or key. */
function isSequence(value: Value): boolean {
  return (
    lengthOf(value) !== undefined && !(value instanceof DictView) && !(value instanceof Callable)
  );
}

export function testsFor(
  isFilter: (name: string) => boolean,
  isTest: (name: string) => boolean,
): Record<string, Method<Value>> {
  const known = (has: (name: string) => boolean) =>
    method<Value>("=", (value) => {
      const name = hashKey(value);
      return typeof name === "string" && has(name);
    });
  return {
    odd: method("=", (value) => isEqual(rest(value, 2), 1)),
    even: method("=", (value) => isEqual(rest(value, 2), 0)),
    divisibleby: method("=num", (value, by) => isEqual(rest(value, by!), 0)),
    defined: method("=", (value) => !(value instanceof Undefined)),
    undefined: method("=", (value) => value instanceof Undefined),
    filter: known(isFilter),
    test: known(isTest),
    none: method("=", (value) => value === null),
    boolean: method("=", (value) => typeof value === "boolean"),
    false: method("=", (value) => value === false),
    true: method("=", (value) => value === true),
    integer: method("=", isInt),
    float: method("=", (value) => value instanceof Float),
    lower: method("=", (value) => classTests.islower!(toText(value))),
    upper: method("=", (value) => classTests.isupper!(toText(value))),
    string: method("=", (value) => textOf(value) !== undefined),
    mapping: method("=", isDict),
    number: method("=", (value) => numericOf(value) !== undefined),
    sequence: method("=", isSequence),
    iterable: method("=", (value) => iterableOf(value) !== undefined),
    callable: method("", (value) => value instanceof Callable || value instanceof Undefined),
    sameas: method("=other", (value, other) => value === other),
    escaped: method("=", (value) => value instanceof Markup),
    in: method("=seq", (value, container) => contains(container!, value)),
    ...Object.fromEntries(
      [
        ["==", "==", "eq", "equalto"],
        ["!=", "!=", "ne"],
        [">", ">", "gt", "greaterthan"],
        [">=", ">=", "ge"],
        ["<", "<", "lt", "lessthan"],
        ["<=", "<=", "le"],
      ].flatMap(([sign, ...names]) => names.map((name) => [name, compared(sign!)])),
    ),
  };
}
