/** Jinja2's filters of text. */
import { characters, spaceClass } from "../../../util/codePoints.js";
import { isTrue } from "../compare.js";
import { TemplateError, typeError, unsupported } from "../errors.js";
import { escaped, escapeText } from "../escape.js";
import { length, sliceOf } from "../iterate.js";
import { type Numeric, numericOf, subtract, toNumber } from "../numbers.js";
import { formatPercent } from "../percentFormat.js";
import { toText } from "../print.js";
import { type Method, method } from "../signature.js";
import { capitalize } from "../textCase.js";
import { justify, replaceText, splitLines, splitText, strip } from "../textMethods.js";
import {
  Dict,
  failUndefined,
  intOf,
  Markup,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "../values.js";
import { wrapText } from "./wrap.js";

/** Applies a change of text to a value's text; what was safe stays so. */
function soft(value: Value, change: (text: string) => string): Value {
  return value instanceof Markup ? new Markup(change(value.text)) : change(toText(value));
}

/** A text, not made of another value. @throws TemplateError TypeError */
function textOnly(value: Value): string {
  const text = textOf(value);
  if (text !== undefined) return text;
  if (value instanceof Undefined) failUndefined(value);
  throw typeError(`expected str, not ${typeName(value)}`);
}

function integer(value: Value | undefined, usual: number): number {
  if (value === undefined) return usual;
  const number = intOf(value);
  if (number === undefined) throw typeError(`an integer is required, not ${typeName(value)}`);
  return Number(number);
}

function numberArgument(value: Value): Numeric {
  const number = numericOf(value);
  if (number === undefined) throw typeError(`a number is required, not ${typeName(value)}`);
  return number;
}

const flag = (value: Value | undefined, usual: boolean) =>
  value === undefined ? usual : isTrue(value);

const wordStart = new RegExp(`([-${spaceClass}({[<]+)`);

function title(text: string): string {
  return text
    .split(wordStart)
    .map((part) => {
      const [first] = characters(part);
      return first === undefined
        ? ""
        : first.toUpperCase() + part.slice(first.length).toLowerCase();
    })
    .join("");
}

function indent(value: Value, width: Value | undefined, first: boolean, blank: boolean): Value {
  const text = textOnly(value);
  const margin =
    width === undefined ? "    " : (textOf(width) ?? " ".repeat(Math.max(0, integer(width, 4))));
  const lines = splitLines(`${text}\n`);
  const shown = blank
    ? lines.join(`\n${margin}`)
    : lines.map((line, at) => (at > 0 && line !== "" ? margin + line : line)).join("\n");
  const result = first ? margin + shown : shown;
  return value instanceof Markup ? new Markup(result) : result;
}

function truncate(value: Value, size: Value, killWords: boolean, end: Value, leeway: Value): Value {
  const room = numberArgument(size);
  const extra = numberArgument(leeway);
  const endSize = length(end);
  if (toNumber(room) < endSize)
    throw new TemplateError("AssertionError", `expected length >= ${endSize}, got ${toText(room)}`);
  if (toNumber(extra) < 0)
    throw new TemplateError("AssertionError", `expected leeway >= 0, got ${toText(extra)}`);
  if (length(value) <= toNumber(room) + toNumber(extra)) return value;
  const cut = textOnly(sliceOf(value, null, subtract(room, endSize), null));
  const space = killWords ? -1 : cut.lastIndexOf(" ");
  return (space < 0 ? cut : cut.slice(0, space)) + textOnly(end);
}

function format(value: Value, positional: readonly Value[], named: ReadonlyMap<string, Value>) {
  if (positional.length > 0 && named.size > 0)
    throw new TemplateError(
      "FilterArgumentError",
      "can't handle positional and keyword arguments at the same time",
    );
  const entries = new Map<unknown, readonly [Value, Value]>();
  for (const [key, item] of named) entries.set(key, [key, item]);
  const values = named.size > 0 ? new Dict(entries) : new Tuple(positional);
  return value instanceof Markup
    ? new Markup(formatPercent(value.text, values, true))
    : formatPercent(toText(value), values);
}

const namedEntities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\xa0",
};

/** The text of HTML without comments and tags, white space collapsed. */
function stripTags(html: string): string {
  const plain = removeBetween(removeBetween(html, "<!--", "-->"), "<", ">");
  return splitText(plain)
    .join(" ")
    .replace(/&(?:#(\d+)|#[xX]([\da-fA-F]+)|(\w+));/g, (entity, decimal, hex, name) => {
      if (name === undefined)
        return String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex, 16));
      const character = Object.hasOwn(namedEntities, name) ? namedEntities[name] : undefined;
      if (character === undefined) throw unsupported(`striptags with the entity ${entity}`);
      return character;
    });
}

function removeBetween(text: string, open: string, close: string): string {
  let rest = text;
  for (let start = rest.indexOf(open); start >= 0; start = rest.indexOf(open)) {
    const end = rest.indexOf(close, start);
    if (end < 0) break;
    rest = rest.slice(0, start) + rest.slice(end + close.length);
  }
  return rest;
}

export const textFilters: Readonly<Record<string, Method<Value>>> = {
  capitalize: method("", (value) => soft(value, capitalize)),
  center: method("=| width", (value, width = 80) =>
    soft(value, (text) => justify(text, width, undefined, "center")),
  ),
  e: method("", (value) => new Markup(escaped(value))),
  escape: method("", (value) => new Markup(escaped(value))),
  forceescape: method("=", (value) => new Markup(escapeText(toText(value)))),
  format: { free: (value, { positional, named }) => format(value, positional, named ?? new Map()) },
  indent: method("=| width first blank", (value, width, first, blank) =>
    indent(value, width, flag(first, false), flag(blank, false)),
  ),
  lower: method("=", (value) => soft(value, (text) => text.toLowerCase())),
  replace: method("=old new | count", (value, old, by, count = null) =>
    replaceText(toText(value), toText(old!), toText(by!), count === null ? -1 : integer(count, -1)),
  ),
  safe: method("=", (value) => new Markup(toText(value))),
  string: method("=", (value) => soft(value, (text) => text)),
  striptags: method("=", (value) => stripTags(toText(value))),
  title: method("=", (value) => title(toText(value))),
  trim: method("=| chars", (value, chars) => soft(value, (text) => strip(text, chars, "both"))),
  truncate: method(
    "=| length killwords end leeway",
    (value, size = 255, killWords = false, end = "...", leeway = null) =>
      truncate(value, size, isTrue(killWords), end, leeway === null ? 5 : leeway),
  ),
  upper: method("=", (value) => soft(value, (text) => text.toUpperCase())),
  wordcount: method("=", (value) => toText(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  wordwrap: method(
    "=| width break_long_words wrapstring break_on_hyphens",
    (value, width, breakWords, wrap = null, breakHyphens) =>
      wrapText(textOnly(value), {
        width: width === undefined ? 79 : toNumber(numberArgument(width)),
        breakLongWords: flag(breakWords, true),
        breakOnHyphens: flag(breakHyphens, true),
        newline: wrap === null ? "\n" : textOnly(wrap),
      }),
  ),
};
