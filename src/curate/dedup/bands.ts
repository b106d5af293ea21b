/** How a signature is cut into bands, so that texts above a similarity meet in one of them. */

export interface Banding {
  /** Parts of a signature; texts that agree in one of them are candidates. */
  bands: number;
  /** Numbers a band. */
  rows: number;
}

/**
 * Probability that two texts meet in a band: 1 - (1 - s^rows)^bands (Leskovec, Rajaraman, Ullman,
 * Mining of Massive Datasets, section 3.4).
 * @param similarity Jaccard similarity of their shingles, 0 to 1
 */
export function candidateProbability(similarity: number, { bands, rows }: Banding): number {
  return 1 - (1 - similarity ** rows) ** bands;
}

/**
 * The bands and rows whose false positives and false negatives, integrated over all similarities,
 * are the fewest at equal weights; what datasketch, BigCode and text-dedup call optimal_param.
 * @param threshold similarity from which texts are duplicates, above 0 and below 1
 * @param permutations most numbers that bands x rows may use
 */
export function optimalBanding(threshold: number, permutations: number): Banding {
  let best: Banding = { bands: 1, rows: 1 };
  let least = Number.POSITIVE_INFINITY;
  for (let bands = 1; bands <= permutations; bands++) {
    for (let rows = 1; rows <= Math.floor(permutations / bands); rows++) {
      const banding = { bands, rows };
      const positives = integrate((s) => candidateProbability(s, banding), 0, threshold);
      const negatives = integrate((s) => 1 - candidateProbability(s, banding), threshold, 1);
      const error = 0.5 * positives + 0.5 * negatives;
      if (error < least) {
        least = error;
        best = banding;
      }
    }
  }
  return best;
}

/** Gauss-Legendre, eight points. */
const points = [
  [0.1834346424956498, 0.362683783378362],
  [0.525532409916329, 0.3137066458778873],
  [0.7966664774136267, 0.2223810344533745],
  [0.9602898564975363, 0.1012285362903763],
] as const;

const panels = 6;

function integrate(value: (x: number) => number, from: number, to: number): number {
  const half = (to - from) / panels / 2;
  let sum = 0;
  for (let panel = 0; panel < panels; panel++) {
    const middle = from + (2 * panel + 1) * half;
    for (const [x, weight] of points) {
      sum += weight * (value(middle - half * x) + value(middle + half * x));
    }
  }
  return sum * half;
}
