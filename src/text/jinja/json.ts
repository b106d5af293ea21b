/** The filter `tojson` as transformers has it: `json.dumps` over the values of templates. */
import { stringifyJson } from "../../util/json/index.js";
import { isTrue, sorted } from "./compare.js";
import { dictEntries, isDict } from "./dicts.js";
import { typeError, valueError } from "./errors.js";
import { iterate } from "./iterate.js";
import { method } from "./signature.js";
import { Float, intOf, Markup, Tuple, textOf, typeName, type Value } from "./values.js";

export const toJson = method<Value>(
  "=| ensure_ascii indent separators sort_keys",
  (value, ascii = false, indent = null, separators = null, sortKeys = false) =>
    stringifyJson(jsonOf(value, isTrue(sortKeys)), {
      ensureAscii: isTrue(ascii),
      indent: indent === null || !isContainer(value) ? undefined : indentOf(indent),
      separators: separatorsOf(separators, indent),
    }),
);

const isContainer = (value: Value) =>
  Array.isArray(value) || value instanceof Tuple || isDict(value);

function separatorsOf(separators: Value, indent: Value): readonly [string, string] {
  if (separators === null) return [indent === null ? ", " : ",", ": "];
  const [item, key, ...more] = [...iterate(separators)].map(textOf);
  if (item === undefined || key === undefined || more.length > 0)
    throw valueError("separators must be two texts");
  return [item, key];
}

function indentOf(indent: Value): string {
  const width = intOf(indent);
  const text = width === undefined ? textOf(indent) : " ".repeat(Math.max(0, Number(width)));
  if (text === undefined) throw typeError(`indent must be an integer, not ${typeName(indent)}`);
  return text;
}

/** A value in the forms that `stringifyJson` writes. @throws TemplateError for what JSON has no form for */
function jsonOf(value: Value, sortKeys: boolean): unknown {
  if (typeof value !== "object" || value === null || value instanceof Float) return value;
  if (Array.isArray(value)) return value.map((item) => jsonOf(item, sortKeys));
  if (value instanceof Tuple) return value.items.map((item) => jsonOf(item, sortKeys));
  if (value instanceof Markup) return value.text;
  if (!isDict(value)) throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
  const entries = sortKeys
    ? sorted(dictEntries(value).map((entry) => new Tuple(entry))).map(
        (entry) => (entry as Tuple).items,
      )
    : dictEntries(value);
  return new Map(entries.map(([key, item]) => [keyText(key!), jsonOf(item!, sortKeys)]));
}

function keyText(key: Value): string {
  const text = textOf(key);
  if (text !== undefined) return text;
  if (key === null || typeof key === "boolean" || intOf(key) !== undefined) return String(key);
  if (key instanceof Float) return stringifyJson(key);
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}
