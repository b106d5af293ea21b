/** Jinja2's filters of lists, dicts and other things to walk through. */
import { getItem } from "../attributes.js";
import { comparisons, isEqual, isTrue, sorted } from "../compare.js";
import { dictEntries, hashKey, isDict } from "../dicts.js";
import { attributeError, TemplateError, typeError, unsupported } from "../errors.js";
import { iterableOf, iterate, length, reversed, sliceOf } from "../iterate.js";
import { sumOf } from "../operators.js";
import { toText } from "../print.js";
import { type Method, method } from "../signature.js";
import { Generator, intOf, Tuple, textOf, typeName, Undefined, type Value } from "../values.js";

/** A function of a value's attribute: `user.address.0` reads attributes and items one after the other. */
export function attributeGetter(attribute: Value, fallback: Value = null): (value: Value) => Value {
  const parts = attributeParts(attribute);
  return (value) => {
    let item = value;
    for (const part of parts) {
      item = getItem(item, part);
      if (fallback !== null && item instanceof Undefined) item = fallback;
    }
    return item;
  };
}

function attributeParts(attribute: Value): Value[] {
  if (attribute === null) return [];
  const path = textOf(attribute);
  if (path === undefined) return [attribute];
  return path.split(".").map((part) => (/^\p{Nd}+$/u.test(part) ? Number(part) : part));
}

/** Texts in lower case, other values as they are. */
function ignoreCase(value: Value): Value {
  return textOf(value)?.toLowerCase() ?? value;
}

function keyGetter(attribute: Value, caseSensitive: Value, fallback?: Value) {
  const get = attributeGetter(attribute, fallback);
  return isTrue(caseSensitive) ? get : (value: Value) => ignoreCase(get(value));
}

/** A lazy result: nothing happens before the first value is asked for. */
export function lazily(items: () => Iterable<Value>): Generator {
  return new Generator(
    "generator",
    (function* () {
      yield* items();
    })(),
  );
}

function integer(value: Value | undefined): number {
  const number = value === undefined ? undefined : intOf(value);
  if (number === undefined)
    throw typeError(`'${typeName(value ?? null)}' object cannot be interpreted as an integer`);
  return Number(number);
}

function* batch(values: Value, size: Value, fill: Value): Iterable<Value> {
  let row: Value[] = [];
  for (const value of iterate(values)) {
    if (isEqual(row.length, size)) {
      yield row;
      row = [];
    }
    row.push(value);
  }
  if (row.length === 0) return;
  const missing = fill === null ? 0 : Math.max(0, integer(size) - row.length);
  yield [...row, ...Array.from({ length: missing }, () => fill)];
}

function* slices(values: Value, count: number, fill: Value): Iterable<Value> {
  const items = [...iterate(values)];
  if (count === 0)
    throw new TemplateError("ZeroDivisionError", "integer division or modulo by zero");
  const each = Math.floor(items.length / count);
  const longer = items.length - each * count;
  for (let at = 0, start = 0; at < count; at++) {
    const end = start + each + (at < longer ? 1 : 0);
    const part = items.slice(start, end);
    yield fill !== null && at >= longer ? [...part, fill] : part;
    start = end;
  }
}

function* unique(values: Value, caseSensitive: Value, attribute: Value): Iterable<Value> {
  const keyOf = keyGetter(attribute, caseSensitive);
  const seen = new Set<unknown>();
  for (const value of iterate(values)) {
    const key = hashKey(keyOf(value));
    if (!seen.has(key)) {
      seen.add(key);
      yield value;
    }
  }
}

function* items(value: Value): Iterable<Value> {
  if (value instanceof Undefined) return;
  if (!isDict(value)) throw typeError("Can only get item pairs from a mapping.");
  for (const entry of dictEntries(value)) yield new Tuple(entry);
}

function extreme(sign: "<" | ">") {
  return (values: Value, caseSensitive: Value = false, attribute: Value = null): Value => {
    const keyOf = keyGetter(attribute, caseSensitive);
    let best: { value: Value; key: Value } | undefined;
    for (const value of iterate(values)) {
      const key = keyOf(value);
      if (best === undefined || comparisons[sign]!(key, best.key)) best = { value, key };
    }
    return best === undefined
      ? new Undefined(() => "No aggregated item, sequence was empty.")
      : best.value;
  };
}

function sort(
  values: Value,
  reverse: Value = false,
  caseSensitive: Value = false,
  attribute: Value = null,
): Value {
  const paths = textOf(attribute)?.split(",") ?? [attribute];
  const getters = paths.map((path) => keyGetter(path, caseSensitive));
  return sorted(iterate(values), (value) => getters.map((get) => get(value)), reverse);
}

function dictSort(
  dict: Value,
  caseSensitive: Value = false,
  by: Value = "key",
  reverse: Value = false,
): Value {
  const at = ["key", "value"].indexOf(toText(by));
  if (at < 0)
    throw new TemplateError("FilterArgumentError", 'You can only sort by either "key" or "value"');
  if (!isDict(dict)) throw attributeError(`'${typeName(dict)}' object has no attribute 'items'`);
  const pairs = dictEntries(dict).map((entry) => new Tuple(entry));
  const key = (pair: Value) => (pair as Tuple).items[at]!;
  const fold = isTrue(caseSensitive) ? key : (pair: Value) => ignoreCase(key(pair));
  return sorted(pairs, fold, reverse);
}

function groupBy(
  values: Value,
  attribute: Value,
  fallback: Value = null,
  caseSensitive: Value = false,
): Value {
  const keyOf = keyGetter(attribute, caseSensitive, fallback);
  const shown = attributeGetter(attribute, fallback);
  const groups: { key: Value; values: Value[] }[] = [];
  for (const value of sorted(iterate(values), keyOf)) {
    const key = keyOf(value);
    const last = groups.at(-1);
    if (last && isEqual(last.key, key)) last.values.push(value);
    else groups.push({ key, values: [value] });
  }
  return groups.map(
    (group) => new Tuple([shown(group.values[0]!), group.values], ["grouper", "list"]),
  );
}

function join(values: Value, separator: Value = "", attribute: Value = null): Value {
  const texts: string[] = [];
  const get = attribute === null ? undefined : attributeGetter(attribute);
  for (const value of iterate(values)) texts.push(toText(get ? get(value) : value));
  return texts.join(toText(separator));
}

function reverse(value: Value): Value {
  if (textOf(value) !== undefined) return sliceOf(value, null, null, -1);
  if (value instanceof Generator) return [...iterate(value)].reverse();
  if (iterableOf(value) === undefined)
    throw new TemplateError("FilterArgumentError", "argument must be iterable");
  return reversed(value);
}

function first(value: Value): Value {
  for (const item of iterate(value)) return item;
  return new Undefined(() => "No first item, sequence was empty.");
}

function last(value: Value): Value {
  const { done, value: item } = reversed(value).iterator.next();
  return done ? new Undefined(() => "No last item, sequence was empty.") : item;
}

export const sequenceFilters: Readonly<Record<string, Method<Value>>> = {
  batch: method("=linecount | fill_with", (value, size, fill = null) =>
    lazily(() => batch(value, size!, fill)),
  ),
  count: method("", length),
  dictsort: method("=| case_sensitive by reverse", dictSort),
  first: method("=", first),
  groupby: method("=attribute | default case_sensitive", (value, attribute, ...more) =>
    groupBy(value, attribute!, ...more),
  ),
  items: method("=", (value) => lazily(() => items(value))),
  join: method("=| d attribute", join),
  last: method("=", last),
  length: method("", length),
  list: method("=", (value) => [...iterate(value)]),
  max: method("=| case_sensitive attribute", extreme(">")),
  min: method("=| case_sensitive attribute", extreme("<")),
  random: method("=", () => {
    throw unsupported("the filter random, whose result differs each time");
  }),
  reverse: method("=", reverse),
  slice: method("=slices | fill_with", (value, count, fill = null) =>
    lazily(() => slices(value, integer(count), fill)),
  ),
  sort: method("=| reverse case_sensitive attribute", sort),
  sum: method("=| attribute start", (value, attribute = null, start = 0) => {
    const get = attributeGetter(attribute);
    return sumOf(
      Array.from(iterate(value), (item) => get(item)),
      start,
    );
  }),
  unique: method("=| case_sensitive attribute", (value, caseSensitive = false, attribute = null) =>
    lazily(() => unique(value, caseSensitive, attribute)),
  ),
};
