/** The methods of Python's `str` but `format`, which reads attributes. */
import {
  characters,
  codePointLength,
  hasSurrogates,
  isSpace,
  lineEndClass,
  spaceClass,
  stripEnd,
  stripStart,
} from "../../util/codePoints.js";
import { typeError, unsupported, valueError } from "./errors.js";
import { findText, iterate, sliceText } from "./iterate.js";
import { type Method, method } from "./signature.js";
import { capitalize, caseFold, classTests, swapCase, titleCase } from "./textCase.js";
import { intOf, Tuple, textOf, typeName, type Value } from "./values.js";

/** A text argument. @throws TemplateError TypeError for other values */
function need(value: Value | undefined, name: string): string {
  const text = value === undefined ? undefined : textOf(value);
  if (text === undefined)
    throw typeError(`${name}: argument must be str, not ${typeName(value ?? null)}`);
  return text;
}

function count(value: Value | undefined, usual: number): number {
  if (value === undefined) return usual;
  const number = intOf(value);
  if (number === undefined)
    throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  return Number(number);
}

const optional = (value: Value | undefined): Value => value ?? null;

/** Python's `str.strip` and its sides: of white space, or of the given characters. */
export function strip(
  text: string,
  chars: Value | undefined,
  sides: "both" | "left" | "right",
): string {
  if (chars === undefined || chars === null) {
    const start = sides === "right" ? text : stripStart(text);
    return sides === "left" ? start : stripEnd(start);
  }
  const set = need(chars, "strip");
  // Units compare as characters do where none of the characters takes two.
  const all = hasSurrogates(set) ? characters(text) : text;
  const members = new Set(set);
  let start = 0;
  let end = all.length;
  if (sides !== "right") while (start < end && members.has(all[start]!)) start++;
  if (sides !== "left") while (end > start && members.has(all[end - 1]!)) end--;
  return typeof all === "string" ? all.slice(start, end) : all.slice(start, end).join("");
}

const lineEnds = new RegExp(`\\r\\n|[${lineEndClass}]`, "g");

/** Python's `str.splitlines`. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let at = 0;
  for (const match of text.matchAll(lineEnds)) {
    lines.push(text.slice(at, keepEnds ? match.index + match[0].length : match.index));
    at = match.index + match[0].length;
  }
  if (at < text.length) lines.push(text.slice(at));
  return lines;
}

const spaces = new RegExp(`[${spaceClass}]+`);

/** Python's `str.split`. @param separator null for white space */
export function splitText(text: string, separator: Value = null, limit = -1): string[] {
  if (separator === null) return splitSpaces(text, limit);
  const mark = separatorOf(separator);
  return limit < 0 ? text.split(mark) : cut(text, mark, limit);
}

function splitSpaces(text: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = stripStart(text);
  while (rest !== "" && parts.length !== limit) {
    const end = rest.search(spaces);
    parts.push(end < 0 ? rest : rest.slice(0, end));
    rest = end < 0 ? "" : stripStart(rest.slice(end));
  }
  return rest === "" ? parts : [...parts, rest];
}

function separatorOf(separator: Value): string {
  const mark = need(separator, "split");
  if (mark === "") throw valueError("empty separator");
  return mark;
}

/** The parts between the first `limit` marks; all for a negative limit. */
function cut(text: string, mark: string, limit: number): string[] {
  const parts: string[] = [];
  let from = 0;
  for (
    let at = text.indexOf(mark);
    at >= 0 && parts.length !== limit;
    at = text.indexOf(mark, from)
  ) {
    parts.push(text.slice(from, at));
    from = at + mark.length;
  }
  return [...parts, text.slice(from)];
}

/** Python's `str.rsplit`: as `split`, from the right. */
function splitRight(text: string, separator: Value, limit: number): string[] {
  if (limit < 0) return splitText(text, separator, -1);
  const parts: string[] = [];
  if (separator === null) {
    let rest = stripEnd(text);
    while (rest !== "" && parts.length < limit) {
      let at = rest.length;
      while (at > 0 && !isSpace(rest[at - 1]!)) at--;
      parts.unshift(rest.slice(at));
      rest = stripEnd(rest.slice(0, at));
    }
    return rest === "" ? parts : [rest, ...parts];
  }
  const mark = separatorOf(separator);
  let end = text.length;
  while (parts.length < limit) {
    const at = end >= mark.length ? text.lastIndexOf(mark, end - mark.length) : -1;
    if (at < 0) break;
    parts.unshift(text.slice(at + mark.length, end));
    end = at;
  }
  return [text.slice(0, end), ...parts];
}

/** Python's `str.replace`. */
export function replaceText(text: string, old: string, by: string, limit: number): string {
  if (old !== "")
    return limit < 0 ? text.replaceAll(old, () => by) : cut(text, old, limit).join(by);
  const parts = ["", ...characters(text), ""];
  if (limit < 0) return parts.join(by);
  return parts.slice(0, limit + 1).join(by) + parts.slice(limit + 1).join("");
}

function startsOrEnds(name: "startswith" | "endswith") {
  return (text: string, part: Value | undefined, start?: Value, stop?: Value): boolean => {
    const size = codePointLength(text);
    const from = start === undefined || start === null ? 0 : count(start, 0);
    if (from > size) return false;
    const window =
      start === undefined && stop === undefined
        ? text
        : sliceText(text, optional(start), optional(stop), null);
    const parts = part instanceof Tuple ? part.items : [part];
    return parts.some((one) => {
      const mark = need(one, name);
      return name === "startswith" ? window.startsWith(mark) : window.endsWith(mark);
    });
  };
}

function find(last: boolean, fails: boolean) {
  return (text: string, part: Value | undefined, start?: Value, stop?: Value): number => {
    const at = findText(text, need(part, "find"), optional(start), optional(stop), last);
    if (at < 0 && fails) throw valueError("substring not found");
    return at;
  };
}

/** Python's `str.center`, `ljust` and `rjust`. */
export function justify(
  text: string,
  width: Value | undefined,
  fill: Value | undefined,
  side: "left" | "right" | "center",
): string {
  const mark = fill === undefined ? " " : need(fill, "fill character");
  if (codePointLength(mark) !== 1)
    throw typeError("The fill character must be exactly one character long");
  const wide = count(width, 0);
  const room = Math.max(0, wide - codePointLength(text));
  const half = Math.floor(room / 2) + (room & wide & 1);
  const left = side === "left" ? 0 : side === "right" ? room : half;
  return mark.repeat(left) + text + mark.repeat(room - left);
}

function partition(text: string, separator: Value | undefined, last: boolean): Tuple {
  const mark = separatorOf(optional(separator));
  const at = last ? text.lastIndexOf(mark) : text.indexOf(mark);
  if (at < 0) return new Tuple(last ? ["", "", text] : [text, "", ""]);
  return new Tuple([text.slice(0, at), mark, text.slice(at + mark.length)]);
}

function expandTabs(text: string, size: number): string {
  let column = 0;
  let out = "";
  for (const character of text) {
    if (character === "\t") {
      const room = size > 0 ? size - (column % size) : 0;
      out += " ".repeat(room);
      column += room;
    } else {
      out += character;
      column = character === "\n" || character === "\r" ? 0 : column + 1;
    }
  }
  return out;
}

function zeroFill(text: string, width: number): string {
  const [, sign, rest] = /^([-+]?)(.*)$/s.exec(text)!;
  return sign + "0".repeat(Math.max(0, width - codePointLength(text))) + rest;
}

function countText(text: string, part: Value | undefined, start?: Value, stop?: Value): number {
  const mark = need(part, "count");
  const size = codePointLength(text);
  const from = start === undefined || start === null ? 0 : count(start, 0);
  if (from > size) return 0;
  const window = sliceText(text, optional(start), optional(stop), null);
  return mark === "" ? codePointLength(window) + 1 : window.split(mark).length - 1;
}

/** Python's `separator.join(values)`. */
export function joinTexts(separator: string, values: Value, textOfItem = textOf): string {
  const texts: string[] = [];
  for (const value of iterate(values)) {
    const text = textOfItem(value);
    if (text === undefined)
      throw typeError(
        `sequence item ${texts.length}: expected str instance, ${typeName(value)} found`,
      );
    texts.push(text);
  }
  return texts.join(separator);
}

function translate(text: string, table: Value | undefined): never {
  throw unsupported(`str.translate of ${text.length} characters with a ${typeName(table ?? null)}`);
}

const asTest = (test: (text: string) => boolean): Method<string> => method("", test);

export const textMethods: Readonly<Record<string, Method<string>>> = {
  ...Object.fromEntries(Object.entries(classTests).map(([name, test]) => [name, asTest(test)])),
  capitalize: method("", capitalize),
  casefold: method("", caseFold),
  center: method("width | fillchar", (text, width, fill) => justify(text, width, fill, "center")),
  count: method("sub | start end", countText),
  encode: method("=| encoding errors", () => {
    throw unsupported("bytes (str.encode)");
  }),
  endswith: method("suffix | start end", startsOrEnds("endswith")),
  expandtabs: method("=| tabsize", (text, size) => expandTabs(text, count(size, 8))),
  find: method("sub | start end", find(false, false)),
  index: method("sub | start end", find(false, true)),
  join: method("iterable", (text, values) => joinTexts(text, values!)),
  ljust: method("width | fillchar", (text, width, fill) => justify(text, width, fill, "left")),
  lower: method("", (text) => text.toLowerCase()),
  lstrip: method("| chars", (text, chars) => strip(text, chars, "left")),
  partition: method("sep", (text, separator) => partition(text, separator, false)),
  removeprefix: method("prefix", (text, prefix) => {
    const mark = need(prefix, "removeprefix");
    return text.startsWith(mark) ? text.slice(mark.length) : text;
  }),
  removesuffix: method("suffix", (text, suffix) => {
    const mark = need(suffix, "removesuffix");
    return mark !== "" && text.endsWith(mark) ? text.slice(0, -mark.length) : text;
  }),
  replace: method("old new | count", (text, old, by, limit) =>
    replaceText(text, need(old, "replace"), need(by, "replace"), count(limit, -1)),
  ),
  rfind: method("sub | start end", find(true, false)),
  rindex: method("sub | start end", find(true, true)),
  rjust: method("width | fillchar", (text, width, fill) => justify(text, width, fill, "right")),
  rpartition: method("sep", (text, separator) => partition(text, separator, true)),
  rsplit: method("=| sep maxsplit", (text, separator, limit) =>
    splitRight(text, optional(separator), count(limit, -1)),
  ),
  rstrip: method("| chars", (text, chars) => strip(text, chars, "right")),
  split: method("=| sep maxsplit", (text, separator, limit) =>
    splitText(text, optional(separator), count(limit, -1)),
  ),
  splitlines: method("=| keepends", (text, keepEnds) => splitLines(text, count(keepEnds, 0) !== 0)),
  startswith: method("prefix | start end", startsOrEnds("startswith")),
  strip: method("| chars", (text, chars) => strip(text, chars, "both")),
  swapcase: method("", swapCase),
  title: method("", titleCase),
  translate: method("table", translate),
  upper: method("", (text) => text.toUpperCase()),
  zfill: method("width", (text, width) => zeroFill(text, count(width, 0))),
};
