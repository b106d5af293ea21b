/** Several sources as one epoch of rows: how much of each, and in which order. */
import { ConfigError } from "../util/errors.js";
import { lastAtMost, runningSum } from "../util/runningSum.js";
import { permutation } from "./permutation.js";

/** How much of a source goes into an epoch. */
export interface MixtureShare {
  /**
   * Share of an epoch's rows, relative to the other sources' weights. Where one source has a weight
   * all must; an epoch then has as many rows as all sources together.
   */
  weight?: number | undefined;
  /** How often an epoch takes the source: 2 is every row twice, 0.5 half the rows. Default 1. */
  repeat?: number | undefined;
}

export interface MixtureOptions {
  /** Rows of each source, in the order in which they are counted through, and how much of it is taken. */
  sources: readonly (MixtureShare & { rows: number; name: string })[];
  seed: number;
  /** False takes the sources one after another, rows in their order. Default true. */
  shuffle?: boolean | undefined;
}

export interface Mixture {
  /** Rows of one epoch, repetitions included. */
  rowsPerEpoch: number;
  /** Rows that each source gives to one epoch. */
  taken: readonly number[];
  /**
   * The row at a place of an epoch, counted through the sources: a pure function, nothing is stored.
   * @param index from 0 to `rowsPerEpoch - 1`
   */
  rowAt(epoch: number, index: number): number;
  /** Rows spread evenly over the sources, in their shares of an epoch; at most `count`. */
  spread(count: number): number[];
}

/**
 * Plans a mixture. Places of an epoch are dealt to the sources by a permutation of (seed, epoch).
 * A source's rows are drawn pass after pass, each pass a permutation of (seed, source, pass), and
 * the next epoch goes on where the last one stopped. So no source runs out, and at any time the
 * rows of one source have been taken equally often, give or take one.
 * @throws ConfigError when weights are given for some sources only, or nothing would be taken
 */
export function planMixture({ sources, seed, shuffle = true }: MixtureOptions): Mixture {
  const taken = rowsTaken(sources);
  const starts = runningSum(taken);
  const firsts = runningSum(sources.map(({ rows }) => rows));
  const rowsPerEpoch = starts.at(-1)!;
  let dealt = { epoch: -1, slotAt: (index: number) => index };
  const drawers = sources.map(({ rows }, source) => createDrawer(rows, seed, source, shuffle));
  return {
    rowsPerEpoch,
    taken,
    rowAt(epoch, index) {
      if (shuffle && dealt.epoch !== epoch) {
        dealt = { epoch, slotAt: permutation(seed, epoch, rowsPerEpoch) };
      }
      const slot = dealt.slotAt(index);
      const source = lastAtMost(starts, slot);
      const count = taken[source]!;
      const offset = slot - starts[source]!;
      // Whole passes: the order of the places is order enough.
      const row =
        count === sources[source]!.rows ? offset : drawers[source]!(epoch * count + offset);
      return firsts[source]! + row;
    },
    spread(count) {
      const size = Math.min(count, rowsPerEpoch);
      return Array.from({ length: size }, (_, index) => {
        const slot = Math.floor(((index + 0.5) * rowsPerEpoch) / size);
        const source = lastAtMost(starts, slot);
        const within = (slot - starts[source]!) / taken[source]!;
        return firsts[source]! + Math.floor(within * sources[source]!.rows);
      });
    },
  };
}

/** Row number `draw` of an endless series of passes over a source. */
function createDrawer(rows: number, seed: number, source: number, shuffle: boolean) {
  const passes = new Map<number, (index: number) => number>();
  return (draw: number) => {
    const place = draw % rows;
    if (!shuffle) return place;
    const pass = Math.floor(draw / rows);
    let order = passes.get(pass);
    if (!order) {
      // Draws of one epoch lie in few passes; an old one is made again when it is asked for.
      if (passes.size >= 64) passes.clear();
      order = permutation(seed + sourceSeed * (source + 1), pass, rows);
      passes.set(pass, order);
    }
    return order(place);
  };
}

/** Keeps the permutations of sources apart from each other and from the order of an epoch. */
const sourceSeed = 0x1_0000_0001;

function rowsTaken(sources: MixtureOptions["sources"]): number[] {
  const weighted = sources.filter(({ weight }) => weight !== undefined);
  if (weighted.length === 0) {
    return sources.map(({ rows, repeat = 1 }) =>
      rows === 0 ? 0 : Math.max(1, Math.round(rows * repeat)),
    );
  }
  const without = sources.find(({ weight }) => weight === undefined);
  if (without) {
    throw new ConfigError(`${without.name} has no weight, but ${weighted[0]!.name} has one`, {
      why: "weights are relative shares, so every source needs one",
      todo: "give every source a weight, or use repeat, which is independent of other sources",
    });
  }
  const both = sources.find(({ repeat }) => repeat !== undefined);
  if (both) {
    throw new ConfigError(`${both.name} has both weight and repeat`, {
      why: "both determine how many of its rows an epoch takes",
      todo: "keep one of them",
    });
  }
  const total = sources.reduce((sum, { rows }) => sum + rows, 0);
  return shareOut(
    total,
    sources.map(({ rows, weight }) => (rows === 0 ? 0 : weight!)),
    1,
  );
}

/**
 * Whole numbers that add up to `total`, in proportion to `weights` (largest remainders).
 * @param least of each, 0 or 1; where it is 1 their sum may be more than `total`
 */
export function shareOut(total: number, weights: readonly number[], least: 0 | 1 = 0): number[] {
  const sum = weights.reduce((before, weight) => before + weight, 0);
  const exact = weights.map((weight) => (total * weight) / sum);
  const counts = exact.map((value) => (value === 0 ? 0 : Math.max(least, Math.floor(value))));
  const order = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  const missing = total - counts.reduce((before, count) => before + count, 0);
  for (const { index } of order.slice(0, Math.max(0, missing))) counts[index]!++;
  return counts;
}
