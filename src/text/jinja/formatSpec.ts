/** Python's format specifications: `format(value, ">10,.2f")`. */
import { codePointLength } from "../../util/codePoints.js";
import { formatFloat } from "../../util/json/index.js";
import { typeError, valueError } from "./errors.js";
import { exponentText, fixedText, generalText } from "./floatText.js";
import { toNumber } from "./numbers.js";
import { toText } from "./print.js";
import { Float, type Int, isInt, textOf, typeName, type Value } from "./values.js";

interface Spec {
  fill: string;
  align: string;
  sign: string;
  noNegativeZero: boolean;
  alternate: boolean;
  width: number;
  grouping: string;
  precision: number | undefined;
  type: string;
}

const pattern = /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

function parseSpec(text: string, value: Value): Spec {
  const match = pattern.exec(text);
  if (!match)
    throw valueError(`Invalid format specifier '${text}' for object of type '${typeName(value)}'`);
  const [, fill, align, sign, z, alternate, zero, width, grouping, precision, type] = match;
  return {
    fill: fill ?? (zero ? "0" : " "),
    align: align ?? (zero && textOf(value) === undefined ? "=" : ""),
    sign: sign ?? "",
    noNegativeZero: z !== undefined,
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping: grouping ?? "",
    precision: precision === undefined ? undefined : Number(precision),
    type: type ?? "",
  };
}

/** Python's `format(value, spec)`. @throws TemplateError for what the value's type does not take */
export function formatValue(value: Value, spec: string): string {
  if (spec === "") return toText(value);
  const text = textOf(value);
  if (text !== undefined) return formatText(text, parseSpec(spec, value), value);
  if (typeof value === "boolean") return formatInt(value ? 1 : 0, parseSpec(spec, value));
  if (isInt(value)) return formatInt(value, parseSpec(spec, value));
  if (value instanceof Float) return formatReal(value.value, parseSpec(spec, value), "float");
  throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
}

function formatText(text: string, spec: Spec, value: Value): string {
  if (spec.type !== "" && spec.type !== "s") throw unknownCode(spec, typeName(value));
  if (spec.sign !== "") throw valueError("Sign not allowed in string format specifier");
  if (spec.noNegativeZero)
    throw valueError("Negative zero coercion (z) not allowed in string format specifier");
  if (spec.alternate) throw valueError("Alternate form (#) not allowed in string format specifier");
  if (spec.align === "=") throw valueError("'=' alignment not allowed in string format specifier");
  if (spec.grouping !== "") throw valueError(`Cannot specify '${spec.grouping}' with 's'.`);
  const shown = spec.precision === undefined ? text : [...text].slice(0, spec.precision).join("");
  return pad("", shown, spec, "<");
}

const unknownCode = (spec: Spec, type: string) =>
  valueError(`Unknown format code '${spec.type}' for object of type '${type}'`);

const radixes: Readonly<Record<string, number>> = {
  b: 2,
  o: 8,
  x: 16,
  X: 16,
  d: 10,
  n: 10,
  "": 10,
};

function formatInt(value: Int, spec: Spec): string {
  if ("eEfFgG%".includes(spec.type) && spec.type !== "")
    return formatReal(toNumber(value), spec, "int");
  if (spec.precision !== undefined)
    throw valueError("Precision not allowed in integer format specifier");
  if (spec.noNegativeZero)
    throw valueError("Negative zero coercion (z) not allowed in integer format specifier");
  const sign = signOf(value < 0, spec);
  const size = value < 0 ? -value : value;
  if (spec.type === "c") {
    if (spec.sign !== "") throw valueError("Sign not allowed with integer format specifier 'c'");
    return pad("", String.fromCodePoint(Number(size)), spec, "<");
  }
  const radix = radixes[spec.type];
  if (radix === undefined) throw unknownCode(spec, "int");
  if (spec.type === "n" && spec.grouping !== "")
    throw valueError(`Cannot specify '${spec.grouping}' with 'n'.`);
  if (spec.grouping === "," && radix !== 10)
    throw valueError(`Cannot specify ',' with '${spec.type}'.`);
  const digits = size.toString(radix);
  const prefix = spec.alternate && radix !== 10 ? `0${spec.type}` : "";
  const shown = spec.type === "X" ? digits.toUpperCase() : digits;
  return padNumber(sign + prefix, shown, "", spec, radix === 10 ? 3 : 4);
}

function formatReal(value: number, spec: Spec, type: string): string {
  if (!"eEfFgGn%".includes(spec.type)) throw unknownCode(spec, type);
  const size = Math.abs(value);
  const shown = Number.isFinite(size) ? realText(size, spec) : Number.isNaN(value) ? "nan" : "inf";
  const zero = spec.noNegativeZero && /^[0.]*(e.*)?%?$/i.test(shown);
  const negative = (value < 0 || Object.is(value, -0)) && !zero;
  const text = /[EFG]/.test(spec.type) ? shown.toUpperCase() : shown;
  const [, whole, rest] = /^(\d*)(.*)$/s.exec(text)!;
  return padNumber(signOf(negative, spec), whole!, rest!, spec, 3);
}

function realText(size: number, spec: Spec): string {
  const { precision, alternate } = spec;
  switch (spec.type.toLowerCase()) {
    case "e":
      return exponentText(size, precision ?? 6);
    case "f":
      return fixedText(size, precision ?? 6);
    case "%":
      return `${fixedText(size * 100, precision ?? 6)}%`;
    case "g":
    case "n":
      return generalText(size, precision ?? 6, { keepZeros: alternate });
  }
  if (precision === undefined) return formatFloat(size);
  return generalText(size, precision, { keepZeros: alternate, point: true });
}

function signOf(negative: boolean, spec: Spec): string {
  if (negative) return "-";
  return spec.sign === "-" ? "" : spec.sign;
}

/** Pads a number; zeros between sign and digits are grouped like the digits. */
function padNumber(sign: string, digits: string, rest: string, spec: Spec, group: number): string {
  const grouped = (text: string) =>
    spec.grouping === ""
      ? text
      : text.replace(new RegExp(`(?<=.)(?=(.{${group}})+$)`, "gs"), spec.grouping);
  let shown = grouped(digits);
  if (spec.align === "=" && spec.fill === "0" && spec.grouping !== "" && digits !== "") {
    let padded = digits;
    while ((sign + grouped(padded) + rest).length < spec.width) padded = `0${padded}`;
    shown = grouped(padded);
  }
  return pad(sign, shown + rest, spec, ">");
}

function pad(sign: string, text: string, spec: Spec, usual: string): string {
  const room = Math.max(0, spec.width - codePointLength(sign + text));
  const align = spec.align === "" ? usual : spec.align;
  if (align === "=") return sign + spec.fill.repeat(room) + text;
  const left = align === "<" ? 0 : align === ">" ? room : Math.floor(room / 2);
  return spec.fill.repeat(left) + sign + text + spec.fill.repeat(room - left);
}
