/** Dates and times of Arrow as texts, written as DuckDB writes those of Parquet. */

/** `2024-01-02`. @param days since 1970 */
export function dateText(days: number): string {
  return timestampText(BigInt(days) * 86_400n, 0).slice(0, -" 00:00:00".length);
}

/** `03:04:05.5`. @param value since midnight, in seconds / 10^digits */
export function timeText(value: bigint, digits: number): string {
  return timestampText(value, digits).slice("1970-01-01 ".length);
}

/**
 * `2024-01-02 03:04:05.12`
 * @param value since 1970, in seconds / 10^digits
 * @throws Error for years before 1 and after 9999
 */
export function timestampText(value: bigint, digits: number): string {
  const unit = 10n ** BigInt(digits);
  const fraction = ((value % unit) + unit) % unit;
  const date = new Date(Number((value - fraction) / unit) * 1000);
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) throw new Error("a date is not in the years 1 to 9999");
  const seconds = date.toISOString().slice(0, 19).replace("T", " ");
  const decimals = String(fraction).padStart(digits, "0").replace(/0+$/, "");
  return digits === 0 || decimals === "" ? seconds : `${seconds}.${decimals}`;
}
