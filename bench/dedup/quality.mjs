// Which of the planted near duplicates are found, and which rows go that should stay.
import { EDIT_RATES } from "./documents.mjs";

/**
 * @param clusters rows of each cluster
 * @param jaccard gives the true similarity of two rows
 */
export function quality({ copies, sources }, clusters, jaccard) {
  const clusterOf = new Map();
  clusters.forEach((rows, index) => {
    for (const row of rows) clusterOf.set(row, index);
  });
  const together = (one, other) =>
    clusterOf.has(one) && clusterOf.get(one) === clusterOf.get(other);
  const rates = EDIT_RATES.flatMap((rate) =>
    ["english", "chinese"].map((language) => {
      const planted = copies.filter((copy) => copy.rate === rate && copy.language === language);
      const similarity = planted.map(({ row, original }) => jaccard(row, original));
      const found = planted.filter(({ row, original }) => together(row, original)).length;
      const mean = similarity.reduce((sum, value) => sum + value, 0) / planted.length;
      return {
        rate,
        language,
        planted: planted.length,
        jaccard: mean,
        recall: found / planted.length,
      };
    }),
  );
  let removed = 0;
  let wrong = 0;
  for (const [kept, ...others] of clusters) {
    for (const row of others) {
      removed++;
      if (sources[row] !== sources[kept]) wrong++;
    }
  }
  return { rates, removed, wrong, precision: removed === 0 ? 1 : 1 - wrong / removed };
}
