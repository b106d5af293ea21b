/** Which rows are looked at. */
import { hashKey } from "../util/hash.js";

/**
 * Rows spread evenly: one drawn from each of `count` equal parts.
 * @returns ascending row numbers, made as they are asked for
 */
export function* sampleRows(rows: number, count: number, seed: number): Generator<number> {
  if (count >= rows) {
    for (let row = 0; row < rows; row++) yield row;
    return;
  }
  for (let part = 0; part < count; part++) {
    const from = Math.floor((part * rows) / count);
    const to = Math.floor(((part + 1) * rows) / count);
    yield from + (hashKey(seed, part) % (to - from));
  }
}
