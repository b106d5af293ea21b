/** Scores of the questions that training has seen beside those that it has not. */
import { meanEstimate, type SizedEstimate } from "../metrics.js";
import type { Sample } from "../samples.js";
import type { SplitScore } from "./types.js";

/**
 * @param samples of one task
 * @param verdictOf by `doc_id`; undefined where nothing can be told
 */
export function splitScores(
  samples: readonly Sample[],
  verdictOf: (docId: number) => "clean" | "suspicious" | "dirty" | undefined,
): SplitScore[] {
  const keys = new Map<string, { metric: string; filter: string }>();
  for (const { metrics, filter } of samples) {
    for (const metric of metrics) keys.set(`${metric},${filter}`, { metric, filter });
  }
  return [...keys].map(([name, { metric, filter }]) => {
    const estimate = (verdict: "clean" | "suspicious" | "dirty"): SizedEstimate | null => {
      const values = samples
        .filter((sample) => sample.filter === filter && verdictOf(sample.doc_id) === verdict)
        .map((sample) => Number(sample[metric]));
      return values.length === 0 ? null : { ...meanEstimate(values), size: values.length };
    };
    return {
      metric: name,
      clean: estimate("clean"),
      suspicious: estimate("suspicious"),
      dirty: estimate("dirty"),
    };
  });
}
