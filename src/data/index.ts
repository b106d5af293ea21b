/** Training data, from rows to micro-batches: files of conversations, their order, ids and labels. */
export {
  type BatchPlan,
  type BatchPlanOptions,
  type PlannedBatch,
  planBatches,
} from "./batchPlan.js";
export { checkConversation } from "./conversationRules.js";
export {
  type ConversationSource,
  openConversations,
  type SourceFile,
  type SourceOptions,
} from "./conversationSource.js";
export { type ConvertOptions, type ConvertResult, convertFiles } from "./convert.js";
export { type DataSource, type HeldOut, type JoinedSource, openDataSources } from "./dataSource.js";
export { type EncodeRowsOptions, encodeRows, type RowResult } from "./encodeRows.js";
export { type FormatOptions, type MossPart, mossParts } from "./formats/format.js";
export { conversationFormatNames } from "./formats/formats.js";
export {
  addLeftOut,
  joinedLine,
  type LeftOut,
  type LeftOutCounts,
  leftOutLines,
  mergeLeftOut,
  nothingLeftOut,
} from "./leftOut.js";
export type { MicroBatch, TrainingSequence } from "./microBatch.js";
export { permutation } from "./permutation.js";
export { countPlaceholders, placeholderNames } from "./placeholders.js";
export { checkRow, type WholeRow } from "./readConversation.js";
export { fingerprint } from "./rowFile/fingerprint.js";
export {
  type CachedFile,
  changeOf,
  clearCache,
  type FileChange,
  type FileState,
  fileState,
  fileStateOf,
  listCache,
  openRowFile,
} from "./rowFile/index.js";
export {
  checkNotRead,
  checkOutName,
  openRowWriter,
  type RowWriter,
} from "./rowWriter.js";
export {
  isInputName,
  isRowFile,
  type ResolveOptions,
  resolveSources,
  resolveStreams,
} from "./sources/index.js";
export { streamStates } from "./stream/streamBytes.js";
export {
  openStreamingData,
  type StreamingData,
  type StreamingDataOptions,
} from "./stream/streamingData.js";
export type { DataSummary } from "./summary.js";
export { type DataSurvey, type LengthQuantiles, type SurveyOptions, surveyRows } from "./survey.js";
export { openTrainingData, type SourceShare, type TrainingData } from "./trainingData.js";
export type { DataCursor, TrainingDataOptions, WorkerOptions } from "./trainingOptions.js";
export { toolName } from "./words/index.js";
export { canonicalFormat, writeConversation } from "./writeConversation.js";
