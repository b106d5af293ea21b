/** Files of rows, at random access; what is made from them and kept. */
export { type CachedFile, clearCache, listCache } from "./cacheList.js";
export { openRowFile, type RowFile, type RowFileOptions } from "./rowFile.js";
