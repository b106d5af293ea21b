/** Deduplication of conversations: equal ones, and near duplicates by MinHash or SimHash. */
export { type Banding, candidateProbability, optimalBanding } from "./bands.js";
export type { ClusterSizes } from "./clusterSizes.js";
export { type KeepRule, keepRules } from "./clusters.js";
export { commonShingles } from "./commonText.js";
export { comparable, tellingText } from "./comparable.js";
export { comparedDigest } from "./comparedText.js";
export {
  type DedupOptions,
  type DedupReport,
  dedupFiles,
  makeSignatures,
  mergeSignatures,
} from "./dedup.js";
export type { LargeCluster } from "./largeClusters.js";
export type { DedupResult, MergeOptions } from "./mergeShards.js";
export {
  comparedParts,
  comparisons,
  defaultParameters,
  methods,
  type SignatureParameters,
  shingleUnits,
  shortTextRules,
} from "./parameters.js";
export { permutationOrders } from "./permutations.js";
export type { ShardResult } from "./shards.js";
export {
  jaccardSimilarity,
  type Signer,
  shingleHashes,
  signer,
} from "./signatures.js";
