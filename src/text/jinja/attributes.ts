/** Attributes, items and methods of values, by the rules of Jinja2's sandbox. */
import { formatBraces, formatMap } from "./braceFormat.js";
import { isEqual } from "./compare.js";
import { type AnyDict, dictEntries, dictGet, dictOf, isDict } from "./dicts.js";
import { TemplateError, typeError, valueError } from "./errors.js";
import { escaped } from "./escape.js";
import { itemAt, iterate } from "./iterate.js";
import { toRepr } from "./print.js";
import { boundMethod, type Method, method, runMethod } from "./signature.js";
import { joinTexts, justify, replaceText, textMethods } from "./textMethods.js";
import {
  type Arguments,
  Callable,
  type Dict,
  DictView,
  Float,
  failUndefined,
  intOf,
  isInt,
  Markup,
  Namespace,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.js";

const dictMethods: Readonly<Record<string, Method<AnyDict>>> = {
  copy: method("", (dict) => dict),
  fromkeys: method("iterable | value", (_, keys, value) => fromKeys(keys!, value)),
  get: method("key | default", (dict, key, usual = null) => {
    const value = dictGet(dict, key!);
    return value === undefined ? usual : value;
  }),
  items: method("", (dict) => new DictView("items", dict)),
  keys: method("", (dict) => new DictView("keys", dict)),
  values: method("", (dict) => new DictView("values", dict)),
};

/** Python's `dict.fromkeys`. */
export function fromKeys(keys: Value, value: Value | undefined): Dict {
  const entries: [Value, Value][] = [];
  for (const key of iterate(keys)) entries.push([key, value ?? null]);
  return dictOf(entries);
}

const sequenceMethods: Readonly<Record<string, Method<readonly Value[]>>> = {
  count: method("value", (items, value) => items.filter((item) => isEqual(item, value!)).length),
  index: method("value | start stop", (items, value, start, stop) => {
    const place = (at: Value | undefined, usual: number) => {
      const index = Number(intOf(at ?? usual) ?? usual);
      return index < 0 ? Math.max(0, index + items.length) : index;
    };
    const end = Math.min(place(stop, items.length), items.length);
    for (let at = place(start, 0); at < end; at++) if (isEqual(items[at]!, value!)) return at;
    throw valueError(`${toRepr(value!)} is not in list`);
  }),
};

const listMethods = { ...sequenceMethods, copy: method<readonly Value[]>("", (items) => items) };

/** Methods that would change a list or dict: the sandbox lets nobody have them. */
const changing: Readonly<Record<"dict" | "list", ReadonlySet<string>>> = {
  dict: new Set(["clear", "pop", "popitem", "setdefault", "update"]),
  list: new Set(["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"]),
};

const intAttributes: Readonly<Record<string, (value: Value) => Value>> = {
  real: (value) => intOf(value)!,
  imag: () => 0,
  numerator: (value) => intOf(value)!,
  denominator: () => 1,
};
const intMethods: Readonly<Record<string, Method<Value>>> = {
  bit_length: method("", (value) => {
    const size = BigInt(intOf(value)!);
    return size === 0n ? 0 : (size < 0n ? -size : size).toString(2).length;
  }),
  conjugate: method("", (value) => intOf(value)!),
};
const floatAttributes: Readonly<Record<string, (value: Float) => Value>> = {
  real: (value) => value,
  imag: () => new Float(0),
};
const rangeAttributes: Readonly<Record<string, (value: Range) => Value>> = {
  start: ({ start }) => start,
  stop: ({ stop }) => stop,
  step: ({ step }) => step,
};
const floatMethods: Readonly<Record<string, Method<Float>>> = {
  conjugate: method("", (value) => value),
  is_integer: method("", ({ value }) => Number.isInteger(value)),
};

/** A method of `Markup`: its results are safe, what is put into it is escaped. */
function markupMethod(name: string, self: Markup): Callable | undefined {
  const special = own(markupMethods, name);
  if (special !== undefined) return boundMethod(self, name, special);
  const one = own(allTextMethods, name);
  if (one === undefined) return undefined;
  const bound = boundMethod(self.text, name, one);
  return new Callable(bound.type, (args) => safe(bound.call(args)));
}

function safe(value: Value): Value {
  if (typeof value === "string") return new Markup(value);
  if (Array.isArray(value)) return value.map(safe);
  return value instanceof Tuple ? new Tuple(value.items.map(safe)) : value;
}

const lookups = { getAttribute, getItem };

const allTextMethods: Readonly<Record<string, Method<string>>> = {
  ...textMethods,
  format: { free: (text, args) => formatBraces(text, args, lookups) },
  format_map: method("mapping", (text, mapping) => formatMap(text, mapping!, lookups)),
};

const justified = (side: "left" | "right" | "center") =>
  method<Markup>(
    "width | fillchar",
    ({ text }, width, fill) =>
      new Markup(justify(text, width, fill === undefined ? undefined : escaped(fill), side)),
  );

const markupMethods: Readonly<Record<string, Method<Markup>>> = {
  center: justified("center"),
  ljust: justified("left"),
  rjust: justified("right"),
  escape: method("s", (_, value) => new Markup(escaped(value!))),
  format: { free: ({ text }, args) => new Markup(formatBraces(text, args, lookups, true)) },
  join: method("iterable", ({ text }, values) => new Markup(joinTexts(text, values!, escaped))),
  replace: method(
    "old new | count",
    ({ text }, old, by, limit) =>
      new Markup(
        replaceText(text, textArgument(old!), escaped(by!), Number(intOf(limit ?? -1) ?? -1)),
      ),
  ),
};

function textArgument(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "string") return value;
  throw typeError(`replace() argument 1 must be str, not ${typeName(value)}`);
}

/** The attribute that a value's type gives it; undefined where there is none. */
function attributeOf(value: Value, name: string): Value | undefined {
  if (typeof value === "string") return methodOf(allTextMethods, value, name);
  if (value === null) return undefined;
  if (value instanceof Undefined) return name.startsWith("__") ? undefined : failUndefined(value);
  if (Array.isArray(value))
    return changing.list.has(name) ? unsafe(value, name) : methodOf(listMethods, value, name);
  if (isDict(value))
    return changing.dict.has(name) ? unsafe(value, name) : methodOf(dictMethods, value, name);
  if (value instanceof Namespace) return value.attributes.get(name);
  if (value instanceof Callable) return value.more.attribute?.(name);
  if (value instanceof Markup) return markupMethod(name, value);
  if (value instanceof Tuple) {
    const at = value.names?.indexOf(name) ?? -1;
    return at >= 0 ? value.items[at] : methodOf(sequenceMethods, value.items, name);
  }
  if (value instanceof Range)
    return (
      own(rangeAttributes, name)?.(value) ?? methodOf(sequenceMethods, [...iterate(value)], name)
    );
  if (value instanceof Float)
    return own(floatAttributes, name)?.(value) ?? methodOf(floatMethods, value, name);
  if (isInt(value) || typeof value === "boolean")
    return own(intAttributes, name)?.(value) ?? methodOf(intMethods, value, name);
  return undefined;
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function methodOf<Self>(
  table: Readonly<Record<string, Method<Self>>>,
  self: Self,
  name: string,
): Callable | undefined {
  const one = own(table, name);
  return one === undefined ? undefined : boundMethod(self, name, one);
}

/** Attributes that every object of Python has and no template may see. */
const internal =
  /^__(class|delattr|dir|doc|eq|format|ge|getattribute|getstate|gt|hash|init|init_subclass|le|lt|ne|new|reduce|reduce_ex|repr|setattr|sizeof|str|subclasshook)__$/;

function unsafe(value: Value, name: string): Undefined {
  return new Undefined(
    () => `access to attribute '${name}' of '${typeName(value)}' object is unsafe.`,
    "SecurityError",
  );
}

/** What `value.name` is in a template: an attribute, else an item, else undefined. */
export function getAttribute(value: Value, name: string): Value {
  if (internal.test(name)) return unsafe(value, name);
  const attribute = attributeOf(value, name);
  if (attribute !== undefined) return attribute;
  if (value instanceof Undefined) failUndefined(value);
  const item = isDict(value) ? dictGet(value, name) : undefined;
  return item === undefined ? noAttribute(value, name) : item;
}

/** What `value[key]` is in a template: an item, else for a text an attribute, else undefined. */
export function getItem(value: Value, key: Value): Value {
  if (value instanceof Undefined) failUndefined(value);
  const item = itemAt(value, key);
  if (item !== undefined) return item;
  const name = key instanceof Markup ? key.text : key;
  if (typeof name !== "string") return noItem(value, key);
  if (internal.test(name)) return unsafe(value, name);
  const attribute = attributeOf(value, name);
  return attribute === undefined ? noAttribute(value, name) : attribute;
}

function describe(value: Value): string {
  return value === null ? "None" : `${typeName(value)} object`;
}

function noAttribute(value: Value, name: string): Undefined {
  return new Undefined(() => `'${describe(value)}' has no attribute '${name}'`);
}

function noItem(value: Value, key: Value): Undefined {
  return new Undefined(() => `${describe(value)} has no element ${toRepr(key)}`);
}

/** Names that the type of a dict takes, so that a key of this name is not what `.name` means. */
function isDictMember(name: string): boolean {
  return internal.test(name) || Object.hasOwn(dictMethods, name) || changing.dict.has(name);
}

/** {@link getAttribute} for one name, quick where the value is an object that has it. */
export function attributeReader(name: string): (value: Value) => Value {
  if (isDictMember(name)) return (value) => getAttribute(value, name);
  return (value) => {
    if (isPlain(value) && Object.hasOwn(value, name)) {
      const item = value[name];
      if (item !== undefined) return item;
    }
    return getAttribute(value, name);
  };
}

function isPlain(value: Value): value is { readonly [key: string]: Value } {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

/** Calls `value.name(…)`, quick where it is a method of a text or dict. */
export function methodCaller(name: string): (self: Value, args: Arguments) => Value {
  const ofText = own(allTextMethods, name);
  const ofDict = own(dictMethods, name);
  return (self, args) => {
    if (typeof self === "string" && ofText) return runMethod(self, name, ofText, args);
    if (ofDict && isPlain(self)) return runMethod(self, name, ofDict, args);
    return call(getAttribute(self, name), args);
  };
}

/** Whether the filter `attr` finds something: an attribute proper, not an item. */
export function hasAttribute(value: Value, name: string): boolean {
  return internal.test(name) || attributeOf(value, name) !== undefined;
}

/** Calls what a template calls. @throws TemplateError for what cannot be called */
export function call(value: Value, args: Arguments): Value {
  if (value instanceof Callable) return value.call(args);
  if (value instanceof Undefined) failUndefined(value);
  throw typeError(`'${typeName(value)}' object is not callable`);
}

/** Makes a namespace or dict of a call's arguments, as Python's `dict(…)` does. */
export function dictFromArguments({ positional, named }: Arguments): Dict {
  if (positional.length > 1)
    throw typeError(`dict expected at most 1 argument, got ${positional.length}`);
  const [source] = positional;
  const entries: (readonly [Value, Value])[] = [];
  if (source !== undefined && isDict(source)) entries.push(...dictEntries(source));
  else if (source !== undefined)
    for (const pair of iterate(source)) entries.push(pairOf(pair, entries.length));
  return dictOf([...entries, ...(named ?? [])]);
}

function pairOf(pair: Value, at: number): [Value, Value] {
  const items = [...iterate(pair)];
  if (items.length !== 2)
    throw valueError(
      `dictionary update sequence element #${at} has length ${items.length}; 2 is required`,
    );
  return [items[0]!, items[1]!];
}

/** Sets an attribute of a namespace. @throws TemplateError for other values and names beginning with `_` */
export function setAttribute(target: Value | undefined, name: string, value: Value): void {
  if (!(target instanceof Namespace))
    throw new TemplateError(
      "TemplateRuntimeError",
      "cannot assign attribute on non-namespace object",
    );
  checkNamespaceName(name);
  target.attributes.set(name, value);
}

function checkNamespaceName(name: string): void {
  if (name.startsWith("_"))
    throw new TemplateError(
      "SecurityError",
      `chat templates cannot store underscore-prefixed attributes on a namespace, but got '${name}'`,
    );
}

/** `namespace(…)`. */
export function makeNamespace(args: Arguments): Namespace {
  const attributes = new Map<string, Value>();
  for (const [key, value] of dictFromArguments(args).entries.values()) {
    if (typeof key !== "string") throw typeError("names in a namespace must be text");
    checkNamespaceName(key);
    attributes.set(key, value);
  }
  return new Namespace(attributes);
}
