/** The sentences that filters give as reasons. */

/** `what 0.41 > 0.3`, where the value is above the maximum; else null. */
export function above(what: string, value: number, maximum: number | null): string | null {
  return maximum !== null && value > maximum ? `${what} ${shown(value)} > ${maximum}` : null;
}

/** `what 0.1 < 0.25`, where the value is below the minimum; else null. */
export function below(what: string, value: number, minimum: number | null): string | null {
  return minimum !== null && value < minimum ? `${what} ${shown(value)} < ${minimum}` : null;
}

/** Four decimals where two would look like the limit. */
function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(4).replace(/0{1,2}$/, "");
}
