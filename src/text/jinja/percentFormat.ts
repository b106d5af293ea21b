/** Python's printf-style formatting: `"%s is %5.2f" % (name, value)`. */
import { codePointLength } from "../../util/codePoints.js";
import { dictGet, isDict } from "./dicts.js";
import { TemplateError, typeError, valueError } from "./errors.js";
import { escapeText } from "./escape.js";
import { exponentText, fixedText, generalText } from "./floatText.js";
import { numericOf, toNumber, truncate } from "./numbers.js";
import { toAscii, toRepr, toText } from "./print.js";
import {
  Float,
  failUndefined,
  type Int,
  intOf,
  Markup,
  Range,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "./values.js";

interface Conversion {
  flags: string;
  width: number;
  precision: number | undefined;
  type: string;
}

const conversion =
  /%(?:\(((?:[^()]|\([^()]*\))*)\))?([-+ #0]*)(\*|\d+)?(\.(?:\*|\d+)?)?[hlL]?(.)?/gsu;

/**
 * Formats as `text % values` does.
 * @param safe values are escaped for HTML, as `Markup` does
 * @throws TemplateError where values are missing, left over or of the wrong type
 */
export function formatPercent(text: string, values: Value, safe = false): string {
  const items = values instanceof Tuple ? values.items : [values];
  let used = 0;
  let named = false;
  const next = () => {
    if (used >= items.length) throw typeError("not enough arguments for format string");
    return items[used++]!;
  };
  const size = (part: string | undefined) => {
    if (part !== "*") return part === undefined ? undefined : Number(part);
    const count = intOf(next());
    if (count === undefined) throw typeError("* wants int");
    return Number(count);
  };
  const result = text.replace(
    conversion,
    (
      all: string,
      key: string | undefined,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      type: string | undefined,
      at: number,
    ) => {
      if (type === undefined) throw valueError("incomplete format");
      if (all === "%%") return "%";
      named ||= key !== undefined;
      const keyed = key === undefined ? undefined : lookUp(values, key);
      const wide = size(width) ?? 0;
      const digits = precision === undefined ? undefined : size(precision.slice(1) || "0");
      if (type === "%") return "%";
      const one: Conversion = {
        flags: wide < 0 ? `${flags}-` : flags,
        width: Math.abs(wide),
        precision: digits,
        type,
      };
      if (!"sradiuoxXeEfFgGc".includes(type))
        throw valueError(
          `unsupported format character '${type}' (0x${type.codePointAt(0)!.toString(16)}) at index ${at + all.length - 1}`,
        );
      return convert(keyed ?? next(), one, safe);
    },
  );
  const mapping =
    Array.isArray(values) ||
    isDict(values) ||
    values instanceof Undefined ||
    values instanceof Range;
  if (used < items.length && !named && !mapping)
    throw typeError("not all arguments converted during string formatting");
  return result;
}

function lookUp(values: Value, key: string): Value {
  if (values instanceof Undefined) failUndefined(values);
  if (!isDict(values)) throw typeError("format requires a mapping");
  const value = dictGet(values, key);
  if (value === undefined) throw new TemplateError("KeyError", toRepr(key));
  return value;
}

function convert(value: Value, one: Conversion, safe: boolean): string {
  const { type, precision } = one;
  if ("sra".includes(type)) {
    const text = type === "s" ? toText(value) : type === "r" ? toRepr(value) : toAscii(value);
    const shown = safe && !(value instanceof Markup) ? escapeText(text) : text;
    return pad("", precision === undefined ? shown : [...shown].slice(0, precision).join(""), {
      ...one,
      flags: one.flags.replace("0", ""),
    });
  }
  if (type === "c") return pad("", character(value), { ...one, flags: one.flags.replace("0", "") });
  if ("eEfFgG".includes(type)) return real(value, one);
  return integer(value, one);
}

function character(value: Value): string {
  const text = textOf(value);
  if (text !== undefined && codePointLength(text) === 1) return text;
  const code = intOf(value);
  if (code === undefined) throw typeError("%c requires int or char");
  if (code < 0 || code > 0x10ffff)
    throw new TemplateError("OverflowError", "%c arg not in range(0x110000)");
  return String.fromCodePoint(Number(code));
}

function real(value: Value, one: Conversion): string {
  const number = numericOf(value);
  if (number === undefined) {
    if (value instanceof Undefined) failUndefined(value);
    throw typeError(`must be real number, not ${typeName(value)}`);
  }
  const float = toNumber(number);
  const size = Math.abs(float);
  const precision = one.precision ?? 6;
  const sign = signOf(float < 0 || Object.is(float, -0), one.flags);
  let text = Number.isNaN(size) ? "nan" : "inf";
  if (Number.isFinite(size)) {
    const keepZeros = one.flags.includes("#");
    const kind = one.type.toLowerCase();
    if (kind === "e") text = exponentText(size, precision);
    else if (kind === "f") text = fixedText(size, precision);
    else text = generalText(size, precision, { keepZeros });
  }
  return pad(sign, /[EFG]/.test(one.type) ? text.toUpperCase() : text, one);
}

const radixes: Readonly<Record<string, number>> = { o: 8, x: 16, X: 16 };

function integer(value: Value, one: Conversion): string {
  const whole = wholeNumber(value, one.type);
  const size = whole < 0 ? -whole : whole;
  const digits = size.toString(radixes[one.type] ?? 10).padStart(one.precision ?? 0, "0");
  const prefix = one.flags.includes("#") && radixes[one.type] ? `0${one.type}` : "";
  const sign = signOf(whole < 0, one.flags) + prefix;
  return pad(sign, one.type === "X" ? digits.toUpperCase() : digits, one);
}

function wholeNumber(value: Value, type: string): Int {
  const number = intOf(value);
  if (number !== undefined) return number;
  if (value instanceof Float && !"oxX".includes(type)) return truncate(value.value);
  if (value instanceof Undefined && !"oxX".includes(type)) failUndefined(value);
  const wanted = "oxX".includes(type) ? "an integer" : "a real number";
  throw typeError(`%${type} format: ${wanted} is required, not ${typeName(value)}`);
}

function signOf(negative: boolean, flags: string): string {
  if (negative) return "-";
  if (flags.includes("+")) return "+";
  return flags.includes(" ") ? " " : "";
}

function pad(sign: string, text: string, { flags, width }: Conversion): string {
  const room = Math.max(0, width - codePointLength(sign + text));
  if (flags.includes("-")) return sign + text + " ".repeat(room);
  return flags.includes("0") ? sign + "0".repeat(room) + text : " ".repeat(room) + sign + text;
}
