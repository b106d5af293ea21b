/** The benchmarks, one folder each. */
export { agieval } from "./agieval/index.js";
export { bbh } from "./bbh/index.js";
export {
  ceval,
  cevalSubjects,
  missingSubjects,
  type SubmissionForm,
  submissionBenchmark,
  submissionIds,
  submissionTask,
} from "./ceval/index.js";
export { cmmlu } from "./cmmlu/index.js";
export { drawnLetter } from "./drawnLetter.js";
export { gaokao } from "./gaokao/index.js";
export { gsm8k } from "./gsm8k/index.js";
export { humaneval } from "./humaneval/index.js";
export { mmlu } from "./mmlu/index.js";
