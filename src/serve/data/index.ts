/** Data files as the page shows them. */
export { createFileTable, type FileTable, type FoundFile, type RunsOf } from "./fileTable.js";
