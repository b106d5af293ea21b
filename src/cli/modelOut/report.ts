/** What is printed of a model that was written. */
import { showBytes } from "../../util/showBytes.js";
import type { ModelReport } from "./writeFolder.js";

/** @returns lines */
export function describeModel({ out, weights, bytes, comparison }: ModelReport): string[] {
  const written = `${out}: ${weights} weights, ${showBytes(bytes)}`;
  if (!comparison) return [written];
  const { largest_difference: difference, largest_logit: logit, ...counts } = comparison;
  return [
    written,
    `The logits of what was read and what was written differ by at most ${difference.toPrecision(2)} (the largest is ${logit.toPrecision(3)}).`,
    `The same next token is the most likely at ${counts.same_choice} of ${counts.tokens} places in ${counts.rows} texts.`,
  ];
}
