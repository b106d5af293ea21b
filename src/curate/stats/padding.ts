/** How much of a batch would be padding if conversations were padded, which here they are not. */
import { type LengthSketch, sortedClasses } from "./sketch.js";

export interface PaddingEstimate {
  max_seq_length: number;
  batch_size: number;
  /** Shares of the positions that are tokens, 0 to 1, after cutting at max_seq_length. */
  padded_to_max_length: number;
  /** Padded to the longest of a batch drawn at random. */
  padded_to_longest: number;
  /** Put into rows of max_seq_length by best fit decreasing, conversations kept whole. */
  best_fit_rows: number;
  /** One row of whatever length: what this program trains on. */
  packed: number;
}

/** Undefined where nothing was counted. */
export function estimatePadding(
  lengths: LengthSketch,
  maxSeqLength: number,
  batchSize: number,
): PaddingEstimate | undefined {
  if (lengths.count === 0) return undefined;
  const cut = new Map<number, number>();
  for (const [start, count] of sortedClasses(lengths)) {
    const length = Math.max(1, Math.min(start, maxSeqLength));
    cut.set(length, (cut.get(length) ?? 0) + count);
  }
  const classes = [...cut];
  const mean = classes.reduce((sum, [length, count]) => sum + length * count, 0) / lengths.count;
  return {
    max_seq_length: maxSeqLength,
    batch_size: batchSize,
    padded_to_max_length: mean / maxSeqLength,
    padded_to_longest: mean / expectedLongest(classes, lengths.count, batchSize),
    best_fit_rows: bestFit(classes, lengths.count, maxSeqLength),
    packed: 1,
  };
}

/** Of `draws` rows: the sum over lengths v of v (F(v)^draws - F(v-)^draws). */
function expectedLongest(
  classes: readonly (readonly [number, number])[],
  rows: number,
  draws: number,
): number {
  let below = 0;
  let expected = 0;
  for (const [length, count] of classes) {
    const upTo = below + count / rows;
    expected += length * (upTo ** draws - below ** draws);
    below = upTo;
  }
  return expected;
}

const mostItems = 20_000;

/** The longest first, each into the row where the least room is left over. */
function bestFit(
  classes: readonly (readonly [number, number])[],
  rows: number,
  capacity: number,
): number {
  const scale = Math.min(1, mostItems / rows);
  /** Rows by the room that is left in them. */
  const room = new Float64Array(capacity + 1);
  let tokens = 0;
  let used = 0;
  for (const [length, count] of [...classes].reverse()) {
    for (let item = 0; item < Math.ceil(count * scale); item++) {
      let left = length;
      while (left <= capacity && room[left] === 0) left++;
      if (left > capacity) {
        left = capacity;
        used++;
      } else {
        room[left]!--;
      }
      room[left - length]!++;
      tokens += length;
    }
  }
  return tokens / (used * capacity);
}
