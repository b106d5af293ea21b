/** Python's `pprint.pformat`: the filter `pprint`. Lines of 80 characters, keys sorted. */
import { codePointLength, spaceClass } from "../../../util/codePoints.js";
import { comparisons } from "../compare.js";
import { dictEntries, isDict } from "../dicts.js";
import { isError } from "../errors.js";
import { toRepr } from "../print.js";
import { splitLines } from "../textMethods.js";
import { Tuple, typeName, type Value } from "../values.js";

const lineWidth = 80;

export function prettyPrint(value: Value): string {
  return layOut(value, 0, 0, 0);
}

/**
 * @param indent columns before the value
 * @param allowance columns that have to stay free behind it
 */
function layOut(value: Value, indent: number, allowance: number, level: number): string {
  const line = sortedRepr(value);
  if (codePointLength(line) <= lineWidth - indent - allowance) return line;
  if (Array.isArray(value)) return `[${layOutItems(value, indent, allowance + 1, level + 1)}]`;
  if (value instanceof Tuple) {
    const end = value.items.length === 1 ? ",)" : ")";
    return `(${layOutItems(value.items, indent, allowance + end.length, level + 1)}${end}`;
  }
  if (isDict(value)) return layOutDict(sortedEntries(value), indent, allowance + 1, level + 1);
  return typeof value === "string" && value !== ""
    ? layOutText(value, indent, allowance, level + 1)
    : line;
}

function layOutItems(
  items: readonly Value[],
  indent: number,
  allowance: number,
  level: number,
): string {
  const parts = items.map((item, at) =>
    layOut(item, indent + 1, at === items.length - 1 ? allowance : 1, level),
  );
  return parts.join(`,\n${" ".repeat(indent + 1)}`);
}

function layOutDict(
  entries: readonly (readonly [Value, Value])[],
  indent: number,
  allowance: number,
  level: number,
): string {
  const parts = entries.map(([key, item], at) => {
    const name = sortedRepr(key);
    const column = indent + 1 + codePointLength(name) + 2;
    return `${name}: ${layOut(item, column, at === entries.length - 1 ? allowance : 1, level)}`;
  });
  return `{${parts.join(`,\n${" ".repeat(indent + 1)}`)}}`;
}

const words = new RegExp(`[^${spaceClass}]*[${spaceClass}]*`, "g");

/** A long text in several literals, broken at its line ends and between words. */
function layOutText(text: string, indent: number, allowance: number, level: number): string {
  const outer = level === 1 ? 1 : 0;
  const column = indent + outer;
  const room = lineWidth - column;
  const lines = splitLines(text, true);
  const chunks: string[] = [];
  for (const [at, line] of lines.entries()) {
    const end = at === lines.length - 1 ? allowance + outer : 0;
    const whole = toRepr(line);
    if (codePointLength(whole) <= room - end) chunks.push(whole);
    else chunks.push(...layOutWords(line.match(words)!.slice(0, -1), room, end));
  }
  if (chunks.length === 1) return toRepr(lines.at(-1)!);
  const joined = chunks.join(`\n${" ".repeat(column)}`);
  return outer ? `(${joined})` : joined;
}

function layOutWords(parts: readonly string[], room: number, end: number): string[] {
  const chunks: string[] = [];
  let current = "";
  for (const [at, part] of parts.entries()) {
    const limit = at === parts.length - 1 ? room - end : room;
    if (codePointLength(toRepr(current + part)) > limit) {
      if (current !== "") chunks.push(toRepr(current));
      current = part;
    } else current += part;
  }
  return current === "" ? chunks : [...chunks, toRepr(current)];
}

/** `repr` with the keys of dicts in order. */
function sortedRepr(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(sortedRepr).join(", ")}]`;
  if (value instanceof Tuple) {
    const items = value.items.map(sortedRepr).join(", ");
    return value.items.length === 1 ? `(${items},)` : `(${items})`;
  }
  if (!isDict(value)) return toRepr(value);
  const items = sortedEntries(value).map(
    ([key, item]) => `${sortedRepr(key)}: ${sortedRepr(item)}`,
  );
  return `{${items.join(", ")}}`;
}

function sortedEntries(dict: Parameters<typeof dictEntries>[0]): (readonly [Value, Value])[] {
  return dictEntries(dict).sort(([a], [b]) => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0));
}

/** Keys without an order between them are ordered by the names of their types. */
function isBefore(a: Value, b: Value): boolean {
  try {
    return comparisons["<"]!(a, b);
  } catch (error) {
    if (!isError(error, "TypeError")) throw error;
    return `<class '${typeName(a)}'>` < `<class '${typeName(b)}'>`;
  }
}
