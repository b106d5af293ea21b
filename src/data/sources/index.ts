/** From what users name to local data files. */
export { type ResolveOptions, resolveSources, resolveStreams } from "./resolve.js";
