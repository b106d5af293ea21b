/** Python's arithmetic: ints of any size, floats, bools as 0 and 1. */
import { stripEnd, stripStart } from "../../util/codePoints.js";
import { TemplateError, typeError, unsupported, valueError } from "./errors.js";
import { Float, type Int, intOf, type Value } from "./values.js";

/** An int, or a float as itself; undefined for what is no number. */
export type Numeric = Int | Float;

export function numericOf(value: Value): Numeric | undefined {
  return value instanceof Float ? value : intOf(value);
}

/** A bigint that a JavaScript number holds becomes one, so that each int has one form. */
export function normalInt(value: bigint): Int {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function toBig(value: Int): bigint {
  return typeof value === "bigint" ? value : BigInt(value);
}

/** @throws TemplateError for an int beyond the range of floats */
export function toNumber(value: Numeric): number {
  if (value instanceof Float) return value.value;
  const number = Number(value);
  if (!Number.isFinite(number)) throw overflow("int too large to convert to float");
  return number;
}

const overflow = (message: string) => new TemplateError("OverflowError", message);
const divisionByZero = (message: string) => new TemplateError("ZeroDivisionError", message);

export function add(a: Numeric, b: Numeric): Numeric {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    return Number.isSafeInteger(sum) ? sum : normalInt(BigInt(a) + BigInt(b));
  }
  if (a instanceof Float || b instanceof Float) return new Float(toNumber(a) + toNumber(b));
  return normalInt(toBig(a) + toBig(b));
}

export function subtract(a: Numeric, b: Numeric): Numeric {
  if (a instanceof Float || b instanceof Float) return new Float(toNumber(a) - toNumber(b));
  return add(a, negate(b) as Int);
}

export function negate(a: Numeric): Numeric {
  if (a instanceof Float) return new Float(-a.value);
  return typeof a === "bigint" ? normalInt(-a) : 0 - a;
}

export function multiply(a: Numeric, b: Numeric): Numeric {
  if (a instanceof Float || b instanceof Float) return new Float(toNumber(a) * toNumber(b));
  if (typeof a === "number" && typeof b === "number") {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return normalInt(toBig(a) * toBig(b));
}

export function divide(a: Numeric, b: Numeric): Float {
  const float = a instanceof Float || b instanceof Float;
  if (!float && (typeof a === "bigint" || typeof b === "bigint"))
    return divideBig(toBig(a), toBig(b));
  const divisor = toNumber(b);
  if (divisor === 0) throw divisionByZero(float ? "float division by zero" : "division by zero");
  return new Float(toNumber(a) / divisor);
}

function divideBig(a: bigint, b: bigint): Float {
  if (b === 0n) throw divisionByZero("division by zero");
  const value = nearestQuotient(a, b);
  if (!Number.isFinite(value)) throw overflow("integer division result too large for a float");
  return new Float(value);
}

/** The float nearest to a quotient: 66 bits of it, the last one set if more follow. */
function nearestQuotient(a: bigint, b: bigint): number {
  const [top, bottom] = [a < 0n ? -a : a, b < 0n ? -b : b];
  const shift = Math.max(0, 66 + bottom.toString(2).length - top.toString(2).length);
  const scaled = top << BigInt(shift);
  const quotient = (scaled / bottom) | (scaled % bottom === 0n ? 0n : 1n);
  const half = shift >> 1;
  const value = Number(quotient) / 2 ** half / 2 ** (shift - half);
  return a < 0n !== b < 0n ? -value : value;
}

export function floorDivide(a: Numeric, b: Numeric): Numeric {
  if (a instanceof Float || b instanceof Float) return new Float(divmodFloat(a, b)[0]);
  return divmodInt(a, b)[0];
}

export function modulo(a: Numeric, b: Numeric): Numeric {
  if (a instanceof Float || b instanceof Float) return new Float(divmodFloat(a, b)[1]);
  return divmodInt(a, b)[1];
}

function divmodInt(a: Int, b: Int): [Int, Int] {
  if (typeof a === "number" && typeof b === "number" && Math.abs(a) < 2 ** 52) {
    if (b === 0) throw divisionByZero("integer division or modulo by zero");
    let rest = a % b;
    if (rest !== 0 && rest < 0 !== b < 0) rest += b;
    return [(a - rest) / b + 0, rest + 0];
  }
  const [left, right] = [toBig(a), toBig(b)];
  if (right === 0n) throw divisionByZero("integer division or modulo by zero");
  let rest = left % right;
  if (rest !== 0n && rest < 0n !== right < 0n) rest += right;
  return [normalInt((left - rest) / right), normalInt(rest)];
}

/** CPython's `float_divmod`: the quotient is rounded down, the rest has the divisor's sign. */
function divmodFloat(a: Numeric, b: Numeric): [number, number] {
  const [left, right] = [toNumber(a), toNumber(b)];
  if (right === 0) throw divisionByZero("float floor division by zero");
  let rest = left % right;
  let quotient = (left - rest) / right;
  if (rest === 0) rest = right < 0 ? -0 : 0;
  else if (right < 0 !== rest < 0) {
    rest += right;
    quotient -= 1;
  }
  if (quotient === 0) return [left / right < 0 || Object.is(left / right, -0) ? -0 : 0, rest];
  const floor = Math.floor(quotient);
  return [quotient - floor > 0.5 ? floor + 1 : floor, rest];
}

export function power(a: Numeric, b: Numeric): Numeric {
  if (!(a instanceof Float) && !(b instanceof Float) && b >= 0)
    return normalInt(toBig(a) ** toBig(b));
  const [base, exponent] = [toNumber(a), toNumber(b)];
  if (base === 0 && exponent < 0) throw divisionByZero("0.0 cannot be raised to a negative power");
  if (base < 0 && Number.isFinite(base) && Number.isFinite(exponent) && !Number.isInteger(exponent))
    throw unsupported("a power that is a complex number");
  if (base === 1 || (base === -1 && !Number.isFinite(exponent))) return new Float(1);
  const result = floatPower(base, exponent);
  if (!Number.isFinite(result) && Number.isFinite(base) && Number.isFinite(exponent))
    throw overflow("(34, 'Numerical result out of range')");
  return new Float(result);
}

/** JavaScript's powers may be a rounding off where C's are right: whole exponents are computed exactly. */
function floatPower(base: number, exponent: number): number {
  const times = Math.abs(exponent);
  if (!Number.isInteger(times) || times > 400 || base === 0 || !Number.isFinite(base))
    return exponent === 0.5 ? Math.sqrt(base) : base ** exponent;
  let [whole, scale] = [base, 0];
  for (; !Number.isInteger(whole); scale++) whole *= 2;
  const top = BigInt(whole) ** BigInt(times);
  const bottom = 1n << BigInt(scale * times);
  return exponent < 0 ? nearestQuotient(bottom, top) : nearestQuotient(top, bottom);
}

const digitZeros = /\p{Nd}/gu;

/** Decimal digits of other scripts as ASCII, surrounding space gone, `_` between digits gone. */
function plainDigits(text: string): string | undefined {
  const plain = text.replace(digitZeros, (digit) => String(decimalDigit(digit)));
  const trimmed = stripEnd(stripStart(plain));
  if (/^_|_$|__|[^0-9a-z]_|_[^0-9a-z]/i.test(trimmed)) return undefined;
  return trimmed.replaceAll("_", "");
}

/** The value of a decimal digit of any script: their blocks of ten start at a zero. */
export function decimalDigit(digit: string): number {
  const code = digit.codePointAt(0)!;
  if (code < 0x80) return code - 48;
  if (code >= 0x1d7ce && code <= 0x1d7ff) return (code - 0x1d7ce) % 10;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++;
  return value;
}

const digitClass = (base: number) =>
  base <= 10 ? `[0-${base - 1}]` : `[0-9a-${String.fromCharCode(86 + base)}]`;
const prefixes: Readonly<Record<number, string>> = { 2: "0b", 8: "0o", 16: "0x" };

/** Python's `int(text, base)`. @throws TemplateError ValueError */
export function parseInteger(text: string, base = 10): Int {
  const bad = () => valueError(`invalid literal for int() with base ${base}: '${text}'`);
  if (base !== 0 && (base < 2 || base > 36))
    throw valueError("int() base must be >= 2 and <= 36, or 0");
  const match = /^([-+]?)(.*)$/s.exec(
    plainDigits(text.replace(/(^\s*[-+]?0[box])_/i, "$1")) ?? "_",
  )!;
  let digits = match[2]!.toLowerCase();
  let radix = base;
  for (const [known, prefix] of Object.entries(prefixes))
    if (digits.startsWith(prefix) && (base === 0 || base === Number(known))) {
      radix = Number(known);
      digits = digits.slice(2);
    }
  if (radix === 0) {
    if (/^0+[1-9]/.test(digits)) throw bad();
    radix = 10;
  }
  if (!new RegExp(`^${digitClass(radix)}+$`).test(digits)) throw bad();
  let value = 0n;
  if (radix === 10) value = BigInt(digits);
  else
    for (const digit of digits) value = value * BigInt(radix) + BigInt(Number.parseInt(digit, 36));
  return normalInt(match[1] === "-" ? -value : value);
}

/** Python's `float(text)`. @throws TemplateError ValueError */
export function parseFloatText(text: string): Float {
  const plain = plainDigits(text)?.toLowerCase();
  const word = /^([-+]?)(inf|infinity|nan)$/.exec(plain ?? "");
  if (word) return new Float((word[1] === "-" ? -1 : 1) * (word[2] === "nan" ? Number.NaN : 1 / 0));
  if (plain === undefined || !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/.test(plain))
    throw valueError(`could not convert string to float: '${text}'`);
  return new Float(Number(plain));
}

/** Python's `int(value)` of a float. */
export function truncate(value: number): Int {
  if (Number.isNaN(value)) throw valueError("cannot convert float NaN to integer");
  if (!Number.isFinite(value)) throw overflow("cannot convert float infinity to integer");
  const whole = Math.trunc(value);
  return Number.isSafeInteger(whole) ? whole + 0 : BigInt(whole);
}

/** An int where Python asks for an index: a bool counts, a float does not. */
export function indexOf(value: Value, what = "integer"): number {
  const index = intOf(value);
  if (index === undefined) throw typeError(`an ${what} is required`);
  return Number(index);
}
