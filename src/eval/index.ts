/** Evaluation: benchmarks by two protocols, on any object that can answer. */
export type { AnswerStore } from "./ask.js";
export {
  type Comparison,
  compareEvaluations,
  compareWithPublished,
  type Difference,
  type Flip,
  type GroupDifference,
  type Published,
  type PublishedComparison,
  parsePublished,
  type SeedRun,
  type SeedSummary,
  summarizeSeeds,
} from "./compare/index.js";
export {
  type Contamination,
  type ContaminationOptions,
  contaminationRules,
  type FoundQuestion,
  findContamination,
  type TaskContamination,
} from "./contamination/index.js";
export {
  countRepeated,
  type DetectLanguage,
  isDialogueName,
  isOtherLanguage,
  languageDetector,
  type Transcript,
  type TranscriptTurn,
  transcriptOf,
} from "./dialogue/index.js";
export { downloadBenchmarks } from "./download.js";
export {
  type EvaluateOptions,
  type Evaluation,
  type EvaluationProgress,
  evaluate,
} from "./evaluate.js";
export type { Estimate } from "./metrics.js";
export { createPace, type Pace, type TimeLeft } from "./pace.js";
export { passAtK } from "./passAtK.js";
export {
  type OpenedTask,
  openTasks,
  type PlanOptions,
  planEvaluation,
  type TaskChoice,
} from "./plan.js";
export type { ChatForm } from "./prompt.js";
export { type PythonRandom, pythonRandom } from "./python/index.js";
export { benchmarks, selectTasks } from "./registry.js";
export {
  type Beside,
  type ReportedEvaluation,
  type ReportInput,
  type ReportOptions,
  readEvaluation,
  readReportInput,
  reportMarkdown,
  reportPage,
  summaryNotes,
  summaryTable,
  type TextTable,
  verdictLine,
} from "./report/index.js";
export type { ResultEntry, Results, Topic } from "./results.js";
export type { TaskOutcome } from "./runTask.js";
export type { Sample } from "./samples.js";
export { FEWSHOT_SEED } from "./shots.js";
export {
  checkSubmission,
  makeSubmission,
  type Submission,
  type SubmissionAnswers,
  type SubmissionOptions,
  writeSubmission,
} from "./submission.js";
export {
  type AgievalAnswer,
  type AgievalSetting,
  agievalPostProcess,
  isEquivalent,
} from "./tasks/agieval/index.js";
export {
  exactCevalAnswer,
  extractCevalAnswer,
  reasonedCevalAnswer,
  statedCevalAnswer,
} from "./tasks/ceval/index.js";
export { extractChoice } from "./tasks/cmmlu/index.js";
export { type AnswerKind as GaokaoAnswerKind, gaokaoAnswers } from "./tasks/gaokao/index.js";
export { readTaskFile } from "./tasks/own/index.js";
export type {
  Benchmark,
  BenchmarkFiles,
  ChatMessage,
  ChoiceTask,
  ConverseOptions,
  DialogueTask,
  EvalModel,
  GenerationRequest,
  GenerationTask,
  Group,
  Loglikelihood,
  LoglikelihoodRequest,
  Prompt,
  Protocol,
  SpokenTurn,
  Task,
  TaskSet,
} from "./types.js";
export { addWork, type Work } from "./work.js";
