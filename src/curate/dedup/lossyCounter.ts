/** Counts of many hashes in bounded memory: lossy counting (Manku and Motwani 2002), batch by batch. */

export interface LossyCounter {
  add(hashes: BigUint64Array): void;
  /** The hashes that came at least so often, and how often; the counter is used up. */
  atLeast(times: number): [hash: bigint, times: number][];
}

/**
 * Counts are exact until more than `most` different hashes come; each time that this is so, the rarest
 * are forgotten, so that a count is too low by at most the number of those times.
 * @param batch hashes that are sorted at a time
 */
export function lossyCounter(batch = 1 << 20, most = 1 << 21): LossyCounter {
  let pending = new BigUint64Array(batch);
  let filled = 0;
  let hashes = new BigUint64Array(0);
  let counts = new Uint32Array(0);
  let forgotten = 0;

  const merge = () => {
    const added = pending.subarray(0, filled).sort();
    const size = hashes.length + filled;
    const [nextHashes, nextCounts] = [new BigUint64Array(size), new Uint32Array(size)];
    let kept = 0;
    for (let one = 0, other = 0; one < hashes.length || other < filled; kept++) {
      const known = one < hashes.length && (other >= filled || hashes[one]! <= added[other]!);
      const hash = known ? hashes[one]! : added[other]!;
      let times = known ? counts[one++]! : 0;
      while (other < filled && added[other] === hash) {
        times++;
        other++;
      }
      nextHashes[kept] = hash;
      nextCounts[kept] = times;
    }
    filled = 0;
    hashes = nextHashes.slice(0, kept);
    counts = nextCounts.slice(0, kept);
    if (kept > most) forgetRare();
  };
  const forgetRare = () => {
    forgotten++;
    let kept = 0;
    for (const [index, times] of counts.entries()) {
      if (times <= forgotten) continue;
      hashes[kept] = hashes[index]!;
      counts[kept++] = times;
    }
    hashes = hashes.slice(0, kept);
    counts = counts.slice(0, kept);
  };
  return {
    add(added) {
      for (let from = 0; from < added.length; ) {
        if (filled === batch) merge();
        const part = added.subarray(from, from + batch - filled);
        pending.set(part, filled);
        filled += part.length;
        from += part.length;
      }
    },
    atLeast(times) {
      merge();
      pending = new BigUint64Array(0);
      const found: [bigint, number][] = [];
      for (const [index, count] of counts.entries()) {
        if (count >= times) found.push([hashes[index]!, count]);
      }
      return found;
    },
  };
}
