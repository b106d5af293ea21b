/** From what users name to local data files. */
export { isInputName } from "./folder.js";
export { isRowFile } from "./names.js";
export { type ResolveOptions, resolveSources, resolveStreams } from "./resolve.js";
