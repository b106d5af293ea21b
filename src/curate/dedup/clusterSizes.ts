/** How many rows went into clusters of which size. */

export interface ClusterSizes {
  /** Sizes from `from` to `to`, or from it on. */
  from: number;
  to: number | undefined;
  clusters: number;
  /** Rows that those clusters remove. */
  removed: number;
}

const starts = [2, 3, 6, 11, 101, 1001];

export function clusterSizes(): ClusterSizes[] {
  return starts.map((from, index) => ({
    from,
    to: starts[index + 1] === undefined ? undefined : starts[index + 1]! - 1,
    clusters: 0,
    removed: 0,
  }));
}

/** Counts a cluster of so many rows, of which one stays. */
export function countCluster(sizes: readonly ClusterSizes[], size: number): void {
  const own = sizes.findLast(({ from }) => from <= size)!;
  own.clusters++;
  own.removed += size - 1;
}
