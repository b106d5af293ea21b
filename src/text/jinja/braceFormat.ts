/** Python's `string.Formatter`, which Jinja2's sandbox puts in place of `str.format`. */
import { dictEntries, isDict } from "./dicts.js";
import { TemplateError, typeError, valueError } from "./errors.js";
import { escapeText } from "./escape.js";
import { formatValue } from "./formatSpec.js";
import { toAscii, toRepr, toText } from "./print.js";
import { type Arguments, Markup, typeName, type Value } from "./values.js";

/** How a field such as `user.name` or `items[0]` is looked up. */
export interface Lookups {
  getAttribute(value: Value, name: string): Value;
  getItem(value: Value, key: Value): Value;
}

interface Field {
  name: string;
  conversion: string | undefined;
  spec: string;
}

/**
 * Formats as `text.format(…)` does.
 * @param safe values are escaped for HTML, as `Markup` does
 * @throws TemplateError for fields that are malformed or missing
 */
export function formatBraces(
  text: string,
  args: Arguments,
  lookups: Lookups,
  safe = false,
): string {
  return expand(text, args, { ...lookups, automatic: 0, safe }, 2);
}

/** `text.format_map(mapping)`. @throws TemplateError also where it is no dict */
export function formatMap(text: string, mapping: Value, lookups: Lookups): string {
  if (!isDict(mapping)) throw typeError(`'${typeName(mapping)}' object is not a mapping`);
  const named = new Map<string, Value>();
  for (const [key, value] of dictEntries(mapping))
    if (typeof key === "string") named.set(key, value);
  return formatBraces(text, { positional: [], named }, lookups);
}

interface State extends Lookups {
  /** Number of the next unnamed field; undefined once a field is numbered. */
  automatic: number | undefined;
  safe: boolean;
}

function expand(text: string, args: Arguments, state: State, depth: number): string {
  if (depth < 0) throw valueError("Max string recursion exceeded");
  let out = "";
  let at = 0;
  while (at < text.length) {
    const character = text[at]!;
    if (character !== "{" && character !== "}") {
      const next = text.slice(at).search(/[{}]/);
      const end = next < 0 ? text.length : at + next;
      out += text.slice(at, end);
      at = end;
    } else if (text[at + 1] === character) {
      out += character;
      at += 2;
    } else if (character === "}") {
      throw valueError("Single '}' encountered in format string");
    } else {
      const end = closingBrace(text, at);
      out += field(parseField(text.slice(at + 1, end)), args, state, depth);
      at = end + 1;
    }
  }
  return out;
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  throw valueError(
    open === text.length - 1
      ? "Single '{' encountered in format string"
      : "expected '}' before end of string",
  );
}

function parseField(text: string): Field {
  const match = /^((?:[^[:!]|\[[^\]]*\])*)(?:!([^:]*))?(?::(.*))?$/s.exec(text);
  if (!match) throw valueError(`Missing ']' in format string`);
  const [, name, conversion, spec] = match;
  if (conversion !== undefined && conversion.length !== 1)
    throw valueError("expected ':' after conversion specifier");
  return { name: name!, conversion, spec: spec ?? "" };
}

function field(one: Field, args: Arguments, state: State, depth: number): string {
  const value = convert(fieldValue(one.name, args, state), one.conversion);
  const text = formatValue(value, expand(one.spec, args, state, depth - 1));
  return state.safe && !(value instanceof Markup) ? escapeText(text) : text;
}

function convert(value: Value, conversion: string | undefined): Value {
  switch (conversion) {
    case undefined:
      return value;
    case "s":
      return toText(value);
    case "r":
      return toRepr(value);
    case "a":
      return toAscii(value);
  }
  throw valueError(`Unknown conversion specifier ${conversion}`);
}

/** `0`, `name`, `user.name` or `items[0]`; an empty name takes the next argument. */
function fieldValue(name: string, args: Arguments, state: State): Value {
  const first = /^[^.[]*/.exec(name)![0];
  let value = name === "" ? next(args, state) : argument(first, args, state);
  const rest = name.slice(first.length);
  const parts = /\.([^.[]+)|\[([^\]]+)\]/gy;
  let done = 0;
  for (const match of rest.matchAll(parts)) {
    const [part, attribute, item] = match;
    done += part.length;
    if (attribute !== undefined) value = state.getAttribute(value, attribute);
    else value = state.getItem(value, /^\d+$/.test(item!) ? Number(item) : item!);
  }
  if (done < rest.length) throw valueError("Empty attribute in format string");
  return value;
}

function next(args: Arguments, state: State): Value {
  if (state.automatic === undefined)
    throw valueError("cannot switch from manual field specification to automatic field numbering");
  return positional(state.automatic++, args);
}

function argument(first: string, args: Arguments, state: State): Value {
  if (/^\d+$/.test(first)) {
    if (state.automatic)
      throw valueError(
        "cannot switch from automatic field numbering to manual field specification",
      );
    state.automatic = undefined;
    return positional(Number(first), args);
  }
  const value = args.named?.get(first);
  if (value === undefined) throw new TemplateError("KeyError", toRepr(first));
  return value;
}

function positional(index: number, args: Arguments): Value {
  const value = args.positional[index];
  if (value === undefined)
    throw new TemplateError(
      "IndexError",
      `Replacement index ${index} out of range for positional args tuple`,
    );
  return value;
}
