/** What data are like: counted, measured, estimated, as one report. */
export { collectStats, defaultSample, type StatsOptions } from "./collectStats.js";
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
