/** Whether training data holds the questions of a benchmark. */
export {
  type ContaminationOptions,
  contaminationRules,
  findContamination,
} from "./findContamination.js";
export type {
  Contamination,
  ContaminationRules,
  FoundQuestion,
  OverlappingRow,
  SplitScore,
  TaskContamination,
  TrainingFile,
} from "./types.js";
