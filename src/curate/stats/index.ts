/** Statistics of training data. */
export { collectStats, defaultSample, type StatsOptions } from "./collectStats.js";
export { languageName, type Words } from "./languageNames.js";
export { type Notice, noticesOf } from "./notices.js";
export type {
  DuplicatesReport,
  FileReport,
  FoundReport,
  LanguageReport,
  LengthReport,
  LengthsReport,
  PartReport,
  StatsReport,
  TruncationReport,
} from "./report.js";
export type { HistogramBin } from "./sketch.js";
