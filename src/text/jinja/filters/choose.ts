/** The filters that apply other filters and tests to each item: `map`, `select`, `reject` and their like. */
import { isTrue } from "../compare.js";
import { TemplateError } from "../errors.js";
import { iterate } from "../iterate.js";
import type { Method } from "../signature.js";
import type { Arguments, Value } from "../values.js";
import { attributeGetter, lazily } from "./sequence.js";

/** Applies a filter or test that is known by name. */
export type ByName = (name: Value, value: Value, args: Arguments) => Value;

export function choosingFilters(filter: ByName, test: ByName): Record<string, Method<Value>> {
  const choose = (wanted: boolean, byAttribute: boolean): Method<Value> => ({
    free: (values, args) => lazily(() => chosen(values, args, { wanted, byAttribute, test })),
  });
  return {
    map: { free: (values, args) => lazily(() => mapped(values, args, filter)) },
    select: choose(true, false),
    reject: choose(false, false),
    selectattr: choose(true, true),
    rejectattr: choose(false, true),
  };
}

const wrong = (message: string) => new TemplateError("FilterArgumentError", message);

function* mapped(values: Value, { positional, named }: Arguments, filter: ByName): Iterable<Value> {
  if (!isTrue(values)) return;
  const [name, ...rest] = positional;
  const attribute = named?.get("attribute");
  if (name === undefined && attribute !== undefined) {
    const extra = [...named!.keys()].find((key) => key !== "attribute" && key !== "default");
    if (extra !== undefined) throw wrong(`Unexpected keyword argument '${extra}'`);
    const get = attributeGetter(attribute, named!.get("default"));
    for (const value of iterate(values)) yield get(value);
    return;
  }
  if (name === undefined) throw wrong("map requires a filter argument");
  for (const value of iterate(values)) yield filter(name, value, { positional: rest, named });
}

interface Choice {
  wanted: boolean;
  byAttribute: boolean;
  test: ByName;
}

function* chosen(values: Value, { positional, named }: Arguments, choice: Choice): Iterable<Value> {
  if (!isTrue(values)) return;
  const { wanted, byAttribute, test } = choice;
  const [attribute] = positional;
  if (byAttribute && attribute === undefined) throw wrong("Missing parameter for attribute name");
  const get = byAttribute ? attributeGetter(attribute!) : (value: Value) => value;
  const [name, ...rest] = byAttribute ? positional.slice(1) : positional;
  for (const value of iterate(values)) {
    const item = get(value);
    const result = name === undefined ? item : test(name, item, { positional: rest, named });
    if (isTrue(result) === wanted) yield value;
  }
}
