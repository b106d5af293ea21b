/** Numbers as reports write them. */

const MINUS = "\u2212";

/** How a metric is written: shares as points of 100, everything else as it is. */
export type Unit = "points" | "plain";

/** One digit behind the point for points; three digits that count otherwise. */
export function showValue(value: number, unit: Unit = "points"): string {
  if (Number.isNaN(value)) return "–";
  if (unit === "points") return fixed(100 * value, 1);
  return String(Number(value.toPrecision(3))).replace("-", MINUS);
}

/** With its sign. */
export function showDifference(value: number, unit: Unit = "points"): string {
  const text = showValue(value, unit);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** A value with its standard error. */
export function showEstimate(value: number, stderr: number | null, unit: Unit = "points"): string {
  return stderr === null
    ? showValue(value, unit)
    : `${showValue(value, unit)} ± ${showValue(stderr, unit)}`;
}

export function showP(p: number): string {
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

export function showCount(count: number): string {
  return Math.round(count).toLocaleString("en");
}

function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return /[1-9]/.test(text) ? text.replace("-", MINUS) : text.replace("-", "");
}
