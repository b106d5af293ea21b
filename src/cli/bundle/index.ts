/** Packs a bundle: Tunewright and all that it needs, for a machine without a network. */
export { type BundleOptions, type BundleReport, packBundle } from "./packBundle.js";
