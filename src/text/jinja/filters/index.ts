/** All filters and tests by name. */
import { TemplateError } from "../errors.js";
import { type Method, runMethod } from "../signature.js";
import { type Arguments, textOf, Undefined, type Value } from "../values.js";
import { choosingFilters } from "./choose.js";
import { otherFilters } from "./other.js";
import { sequenceFilters } from "./sequence.js";
import { testsFor } from "./tests.js";
import { textFilters } from "./text.js";

type Table = ReadonlyMap<string, Method<Value>>;

export const filters: Table = new Map(
  Object.entries({
    ...textFilters,
    ...sequenceFilters,
    ...otherFilters,
    ...choosingFilters(
      (name, value, args) => applyNamed(filters, "filter", name, value, args),
      (name, value, args) => applyNamed(tests, "test", name, value, args),
    ),
  }),
);

export const tests: Table = new Map(
  Object.entries(
    testsFor(
      (name) => filters.has(name),
      (name) => tests.has(name),
    ),
  ),
);

function applyNamed(
  table: Table,
  kind: "filter" | "test",
  name: Value,
  value: Value,
  args: Arguments,
): Value {
  const known = textOf(name);
  const one = known === undefined ? undefined : table.get(known);
  if (one === undefined) {
    const hint = name instanceof Undefined ? ` (${name.message()})` : "";
    throw new TemplateError("TemplateRuntimeError", `No ${kind} named '${known ?? ""}'.${hint}`);
  }
  return runMethod(value, known!, one, args);
}
