/** What is compared of rows, read when it is asked for; the newest are kept. */
import { type Comparable, comparable } from "./comparable.js";
import type { SignatureParameters } from "./parameters.js";
import type { RowReader } from "./rowReader.js";

/** Shingles that are kept, over all rows: 64 MB. */
const keptShingles = 8 << 20;

/** @param common hashes of shingles without weight */
export function comparableReader(
  reader: RowReader,
  parameters: SignatureParameters,
  common: BigUint64Array,
): (row: number) => Promise<Comparable> {
  const kept = new Map<number, Comparable>();
  let shingles = 0;
  return async (row) => {
    const known = kept.get(row);
    if (known) {
      // Behind the others: the row that stays is asked for again and again.
      kept.delete(row);
      kept.set(row, known);
      return known;
    }
    const made = comparable(await reader.read(row), parameters, common);
    kept.set(row, made);
    shingles += sizeOf(made);
    for (const [oldest, one] of kept) {
      if (shingles <= keptShingles || oldest === row) break;
      kept.delete(oldest);
      shingles -= sizeOf(one);
    }
    return made;
  };
}

/** In shingles; its words, sentences and numbers are about twice as large as those it has. */
function sizeOf({ shingles, opening, turns }: Comparable): number {
  const words = turns.flat().reduce((sum, turn) => sum + turn.words.length, 0);
  return 2 * (shingles.length + opening.length + words) + 100;
}
