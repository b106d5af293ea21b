/** A value of a configuration as it is written. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value) && value.every((one) => typeof one !== "object"))
    return value.length === 0 ? "[]" : value.map(String).join(", ");
  // 0.1 + 0.2 is written as 0.3.
  if (typeof value === "number") return String(Number(value.toPrecision(12)));
  return typeof value === "string" ? value : JSON.stringify(value);
}
