/** Options of a merge, against the signatures that it finds. */
import { ConfigError } from "../../util/errors.js";
import type { MergeOptions } from "./mergeShards.js";
import type { Method, SignatureParameters } from "./parameters.js";

const methodOf: Partial<Record<keyof MergeOptions, Method>> = {
  threshold: "minhash",
  banding: "minhash",
  checkJaccard: "minhash",
  distance: "simhash",
};

const flags: Partial<Record<keyof MergeOptions, string>> = {
  threshold: "--threshold",
  banding: "--bands and --rows",
  checkJaccard: "--check-jaccard",
  distance: "--distance",
};

/**
 * @param given what is not left to its default
 * @param path of the signatures, for errors
 * @throws ConfigError for an option without effect, or bands that the signatures are too short for
 */
export function checkMergeOptions(
  given: Partial<MergeOptions>,
  { method, permutations }: SignatureParameters,
  path: string,
): void {
  for (const [key, wanted] of Object.entries(methodOf) as [keyof MergeOptions, Method][]) {
    if (given[key] === undefined || given[key] === false || wanted === method) continue;
    throw new ConfigError(`${flags[key]} has no effect here`, {
      why: `the signatures in ${path} were computed with --method ${method}, but it is for --method ${wanted}`,
      todo: `remove ${flags[key]}`,
    });
  }
  const { banding } = given;
  if (banding === undefined || banding.bands * banding.rows <= permutations) return;
  throw new ConfigError(`${banding.bands} bands of ${banding.rows} rows are too many`, {
    why: `the signatures in ${path} have ${permutations} hash values, but ${banding.bands * banding.rows} are needed`,
    todo: "lower --bands or --rows, or compute the signatures again with a larger --num-perm",
  });
}
