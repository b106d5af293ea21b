/** Data files as the page shows them. */
export {
  createFileTable,
  distinctNames,
  type FileTable,
  type FoundFile,
  type RunsOf,
  removedFile,
} from "./fileTable.js";
export { createOpenFiles, type OpenedFile, type OpenFiles } from "./openFiles.js";
export { removedRows, rowAt } from "./removed.js";
export { readRows } from "./rows.js";
export { createSearches, type Searches } from "./search.js";
export { createStatsTable, type StatsTable } from "./stats.js";
