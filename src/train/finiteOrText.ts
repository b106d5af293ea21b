/** For JSON.stringify: JSON has no NaN, and `null` would hide it. */
export function finiteOrText(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
