/** Training data: files of conversations, their order, and micro-batches of ids and labels. */
export {
  type BatchPlan,
  type BatchPlanOptions,
  type PlannedBatch,
  planBatches,
} from "./batchPlan.js";
export {
  type ConversationSource,
  openConversations,
  type SourceOptions,
} from "./conversationSource.js";
export { type ConvertOptions, type ConvertResult, convertFiles } from "./convert.js";
export { type EncodeRowsOptions, encodeRows, type RowResult } from "./encodeRows.js";
export type { FormatOptions } from "./formats/format.js";
export { conversationFormatNames } from "./formats/formats.js";
export { permutation } from "./permutation.js";
export type { DataSummary } from "./summary.js";
export { type DataSurvey, type LengthQuantiles, type SurveyOptions, surveyRows } from "./survey.js";
export {
  type MicroBatch,
  openTrainingData,
  type TrainingData,
  type TrainingDataOptions,
  type TrainingSequence,
} from "./trainingData.js";
