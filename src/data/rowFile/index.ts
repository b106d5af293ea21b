/** Files of rows, at random access; what is made from them and kept. */
export { type CachedFile, clearCache, listCache } from "./cacheList.js";
export { changedWhileRead, fileGuard } from "./fileGuard.js";
export { changeOf, type FileChange, type FileState, fileState, fileStateOf } from "./fileState.js";
export { openRowFile, type RowFile, type RowFileOptions } from "./rowFile.js";
