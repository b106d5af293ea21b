/** Floats with a number of digits, rounded half to even from their exact value as C's printf does. */

/** `0.digits` times ten to the `point`, exactly; no leading zero but for 0 itself. */
interface Decimal {
  digits: string;
  point: number;
}

const bits = new DataView(new ArrayBuffer(8));

/** The exact value of a positive finite float: an integer times a power of two, so its decimals end. */
function exactDecimal(value: number): Decimal {
  bits.setFloat64(0, value);
  const high = bits.getUint32(0);
  const biased = (high >>> 20) & 0x7ff;
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(bits.getUint32(4));
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const exponent = Math.max(biased, 1) - 1075;
  if (exponent >= 0) {
    const digits = (mantissa << BigInt(exponent)).toString();
    return { digits, point: digits.length };
  }
  const digits = (mantissa * 5n ** BigInt(-exponent)).toString();
  return { digits, point: digits.length + exponent };
}

/** The first `count` digits (none or fewer give "0" or "1" a place higher), rounded half to even. */
function roundDigits({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits: digits.padEnd(count, "0"), point };
  if (count < 0) return { digits: "", point };
  const kept = digits.slice(0, count);
  const next = digits[count]!;
  const tie = next === "5" && /^0*$/.test(digits.slice(count + 1));
  const odd = count > 0 && Number(kept[count - 1]) % 2 === 1;
  if (next < "5" || (tie && !odd)) return { digits: kept, point };
  const up = (BigInt(kept === "" ? "0" : kept) + 1n).toString();
  return up.length > count
    ? { digits: up.slice(0, Math.max(count, 1)), point: point + 1 }
    : { digits: up.padStart(count, "0"), point };
}

/** C's `%.{places}f` of a finite, not negative float. */
export function fixedText(value: number, places: number): string {
  const exact = value === 0 ? { digits: "", point: 0 } : exactDecimal(value);
  const { digits, point } = roundDigits(exact, exact.point + places);
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  const rest = "0".repeat(Math.max(0, -point)) + digits.slice(Math.max(0, point));
  return places > 0 ? `${whole}.${rest.padEnd(places, "0").slice(0, places)}` : whole;
}

/** C's `%.{places}e` of a finite, not negative float. */
export function exponentText(value: number, places: number): string {
  const { digits, point } =
    value === 0
      ? { digits: "0".repeat(places + 1), point: 1 }
      : roundDigits(exactDecimal(value), places + 1);
  const mantissa = places > 0 ? `${digits[0]}.${digits.slice(1)}` : digits[0]!;
  return mantissa + exponentPart(point - 1);
}

function exponentPart(exponent: number): string {
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `e${exponent < 0 ? "-" : "+"}${size}`;
}

/**
 * C's `%.{precision}g`. `keepZeros` is its `#`; `point` is Python's format without a type, which
 * writes a point in every number without an exponent.
 */
export function generalText(
  value: number,
  precision: number,
  { keepZeros = false, point = false },
): string {
  const count = precision === 0 ? 1 : precision;
  const exponent = value === 0 ? 0 : roundDigits(exactDecimal(value), count).point - 1;
  if (exponent < -4 || exponent >= (point ? count - 1 : count)) {
    const text = exponentText(value, count - 1);
    return keepZeros ? text : text.replace(/\.?0+(?=e)/, "");
  }
  const text = fixedText(value, count - 1 - exponent);
  const short = keepZeros || !text.includes(".") ? text : text.replace(/\.?0+$/, "");
  return point && !short.includes(".") ? `${short}.0` : short;
}

/** Python's `round(value, places)` of a float. */
export function roundFloat(value: number, places: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const sign = value < 0 ? -1 : 1;
  const exact = exactDecimal(Math.abs(value));
  const count = exact.point + places;
  const { digits, point } = roundDigits(exact, count);
  const kept = digits === "" ? "0" : digits;
  return sign * Number(`0.${kept}e${point}`);
}
