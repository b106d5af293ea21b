/** Python's `str()` and `repr()`. */
import { formatFloat } from "../../util/json/index.js";
import { dictEntries, dictKeys, isDict } from "./dicts.js";
import { unsupported } from "./errors.js";
import {
  Callable,
  DictView,
  Float,
  Generator,
  Markup,
  Namespace,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.js";

/** Python's `str(value)`. */
export function toText(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Markup) return value.text;
  return value instanceof Undefined ? "" : toRepr(value);
}

/**
 * Python's `repr(value)`.
 * @throws TemplateError for values that Python prints with their address in memory
 */
export function toRepr(value: Value): string {
  switch (typeof value) {
    case "string":
      return textRepr(value);
    case "boolean":
      return value ? "True" : "False";
    case "number":
    case "bigint":
      return String(value);
  }
  if (value === null) return "None";
  if (value instanceof Float) return formatFloat(value.value);
  if (Array.isArray(value)) return `[${value.map(toRepr).join(", ")}]`;
  if (value instanceof Tuple) return tupleRepr(value.items);
  if (isDict(value)) {
    const items = dictEntries(value).map(([key, item]) => `${toRepr(key)}: ${toRepr(item)}`);
    return `{${items.join(", ")}}`;
  }
  if (value instanceof DictView) return `dict_${value.kind}([${viewItems(value)}])`;
  if (value instanceof Markup) return `Markup(${textRepr(value.text)})`;
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Range) return rangeRepr(value);
  if (value instanceof Namespace) {
    const items = [...value.attributes].map(([key, item]) => `${textRepr(key)}: ${toRepr(item)}`);
    return `<Namespace {${items.join(", ")}}>`;
  }
  if (value instanceof Callable && value.more.repr) return value.more.repr();
  throw noText(value);
}

function noText(value: Value) {
  const what = value instanceof Generator ? "a generator" : `a ${typeName(value)}`;
  return unsupported(`the template prints ${what}, whose text is an address in Python's memory`);
}

function tupleRepr(items: readonly Value[]): string {
  return items.length === 1 ? `(${toRepr(items[0]!)},)` : `(${items.map(toRepr).join(", ")})`;
}

function rangeRepr({ start, stop, step }: Range): string {
  return step === 1 ? `range(${start}, ${stop})` : `range(${start}, ${stop}, ${step})`;
}

function viewItems({ kind, dict }: DictView): string {
  if (!isDict(dict)) return "";
  if (kind === "keys") return dictKeys(dict).map(toRepr).join(", ");
  return dictEntries(dict)
    .map(([key, value]) => (kind === "values" ? toRepr(value) : tupleRepr([key, value])))
    .join(", ");
}

const unprintable = /[\p{C}\p{Z}]/u;
const mayNeedEscape = /[^ !#-&(-[\]-~]/u;
const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function textRepr(text: string): string {
  if (!mayNeedEscape.test(text)) return `'${text}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const character of text) {
    if (character === quote || character === "\\") out += `\\${character}`;
    else if (character === " " || !unprintable.test(character)) out += character;
    else out += escapes[character] ?? escapeCharacter(character);
  }
  return out + quote;
}

/** `\xe9`, `\u4e2d` or `\U0001f600`. */
export function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

/** Python's `ascii(value)`. */
export function toAscii(value: Value): string {
  return toRepr(value).replace(/[^\0-\x7f]/gu, escapeCharacter);
}
