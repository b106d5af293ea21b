/** How numbers are written in the reports. */

export function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** Small averages with one decimal. */
export function average(value: number): string {
  return value < 20 ? value.toFixed(1) : whole(value);
}

/** @param share 0 to 1 */
export function percent(share: number): string {
  const value = 100 * share;
  if (value === 0) return "0 %";
  if (value < 0.1) return "< 0.1 %";
  // What is not all must not look as if it were.
  if (value > 99.9 && value < 100) return "> 99.9 %";
  return `${value.toFixed(1)} %`;
}

export function bytes(value: number): string {
  if (value < 1e3) return `${value} B`;
  if (value < 1e6) return `${(value / 1e3).toFixed(1)} kB`;
  if (value < 1e9) return `${(value / 1e6).toFixed(1)} MB`;
  return `${(value / 1e9).toFixed(1)} GB`;
}

/** A large number in few characters: 1,571,022 is 1.57 M. */
export function short(value: number): string {
  if (value < 1e4) return whole(value);
  if (value < 1e6) return `${Number((value / 1e3).toPrecision(3))} k`;
  if (value < 1e9) return `${Number((value / 1e6).toPrecision(3))} M`;
  return `${Number((value / 1e9).toPrecision(3))} G`;
}

/** A bin of a histogram: `0–99`, `7`, `≥ 200`. */
export function binName(from: number, to: number | null): string {
  if (to === null) return `≥ ${whole(from)}`;
  return to === from + 1 ? whole(from) : `${whole(from)}–${whole(to - 1)}`;
}
