/** What two evaluations, several draws or a published number say about each other. */
export { type Answer, answerOf, type ChoiceAnswer, type TextAnswer } from "./answers.js";
export { type Comparison, compareEvaluations, type GroupDifference } from "./compare.js";
export { type Difference, LEVEL, type TestMethod, type Verdict } from "./difference.js";
export { NORMAL_95, normalTwoSided, studentQuantile, studentTwoSided } from "./distributions.js";
export { type Flip, flipsOf, promptOf, questionStarts } from "./flips.js";
export { holm, type McNemar, mcNemar } from "./mcnemar.js";
export { pairSamples, type SamplePair } from "./pairs.js";
export {
  compareWithPublished,
  type Published,
  type PublishedComparison,
  parsePublished,
} from "./published.js";
export { type SeedRun, type SeedSummary, stderrKey, summarizeSeeds } from "./seeds.js";
