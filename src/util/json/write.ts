/** JSON as Python's `json.dumps` writes it. */
import { formatFloat } from "./formatFloat.js";
import { entriesOf, Float, type JsonObject } from "./values.js";

/** How a text is written. */
export interface JsonStyle {
  /** After an item, and after a key. Default `,` and `:`; Python's own are `, ` and `: `. */
  separators?: readonly [string, string] | undefined;
  /** Spaces of a level, or its text: every item on a line of its own. Default: one line. */
  indent?: number | string | undefined;
  /** Characters beyond ASCII as `\u…`. Default false. */
  ensureAscii?: boolean | undefined;
  /** Keys by code points. Default: their own order. */
  sortKeys?: boolean | undefined;
}

/** How `json.dump(value, file, indent=2)` writes files. */
export const fileStyle: JsonStyle = { indent: 2, separators: [",", ": "] };

/**
 * The JSON text of a value: floats with a fraction or exponent, integers whole, keys in their order,
 * as `json.dumps` has them. Keys whose value is undefined are left out. A lone surrogate becomes its
 * escape.
 */
export function stringifyJson(value: unknown, style: JsonStyle = {}): string {
  const { separators = [",", ":"], indent, ensureAscii = false, sortKeys = false } = style;
  const isUsual = separators[0] === "," && separators[1] === ":" && indent === undefined;
  if (isUsual && !ensureAscii && !sortKeys && isPlain(value)) return JSON.stringify(value);
  const step = typeof indent === "number" ? " ".repeat(indent) : indent;
  return write(value, { separators, step, ensureAscii, sortKeys }, "");
}

/** Whether `JSON.stringify` writes the value as Python would. */
function isPlain(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value);
  if (typeof value !== "object" || value === null) return typeof value !== "bigint";
  if (Array.isArray(value)) return value.every(isPlain);
  if (value instanceof Float || value instanceof Map) return false;
  for (const key in value) if (!isPlain((value as Record<string, unknown>)[key])) return false;
  return true;
}

interface Writing {
  separators: readonly [string, string];
  step: string | undefined;
  ensureAscii: boolean;
  sortKeys: boolean;
}

function write(value: unknown, style: Writing, margin: string): string {
  if (typeof value === "string") return quote(value, style);
  if (typeof value === "number" && !Number.isInteger(value)) return writeFloat(value);
  if (value instanceof Float) return writeFloat(value.value);
  if (typeof value !== "object" || value === null) return String(value ?? null);
  if (Array.isArray(value)) {
    const inner = margin + (style.step ?? "");
    return enclose(
      "[",
      value.map((item) => write(item, style, inner)),
      "]",
      style,
      margin,
    );
  }
  return writeObject(value as JsonObject, style, margin);
}

function writeObject(object: JsonObject, style: Writing, margin: string): string {
  const entries = entriesOf(object).filter(([, value]) => value !== undefined);
  if (style.sortKeys) entries.sort(([a], [b]) => byCodePoint(a, b));
  const inner = margin + (style.step ?? "");
  const members = entries.map(
    ([key, value]) => quote(key, style) + style.separators[1] + write(value, style, inner),
  );
  return enclose("{", members, "}", style, margin);
}

function enclose(
  opening: string,
  items: readonly string[],
  closing: string,
  { separators, step }: Writing,
  margin: string,
): string {
  if (items.length === 0) return opening + closing;
  if (step === undefined) return opening + items.join(separators[0]) + closing;
  const line = `\n${margin}${step}`;
  return `${opening}${line}${items.join(separators[0] + line)}\n${margin}${closing}`;
}

function writeFloat(value: number): string {
  if (Number.isFinite(value)) return formatFloat(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

function quote(text: string, { ensureAscii }: Writing): string {
  const quoted = JSON.stringify(text);
  if (!ensureAscii) return quoted;
  return quoted.replace(/[\x7f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Python's order of texts; JavaScript's puts U+10000 and above before U+E000. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (one !== other) return codePointOrder(one) - codePointOrder(other);
  }
  return a.length - b.length;
}

/** Surrogates, which stand for the highest code points, behind all other units. */
function codePointOrder(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
