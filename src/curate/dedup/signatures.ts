/** Texts to signatures, by the addon. */
import { minhashAddon, unitNumbers } from "./native.js";
import type { SignatureParameters } from "./parameters.js";
import { makePermutations } from "./permutations.js";

/** Makes signatures; [texts, words] with the words that {@link signatureWords} counts. */
export type Signer = (texts: readonly string[]) => Uint32Array;

/** No shingle is common. */
const nothing: BigUint64Array = new BigUint64Array(0);

/**
 * The reference lower-cases everywhere but in its ASCII form.
 * @param common hashes of shingles that carry no weight, unless a text has no others; default none
 * @throws EnvironmentError where the addon is not compiled
 */
export function signer(parameters: SignatureParameters, common = nothing): Signer {
  const addon = minhashAddon();
  const set = addon.instructionSet();
  const { method, shingle, ngram, shortTexts, permutations, permutationOrder } = parameters;
  const shape = [unitNumbers[shingle], ngram, shortTexts === "whole", set, common] as const;
  if (method === "exact") return () => new Uint32Array(0);
  if (method === "simhash") {
    return (texts) => new Uint32Array(addon.simHashes(folded(texts, parameters), ...shape).buffer);
  }
  const { a, b } = makePermutations(permutations, undefined, permutationOrder);
  return (texts) => addon.signatures(folded(texts, parameters), ...shape, a, b);
}

/** What shingles are made of. */
export type ShingleShape = Pick<SignatureParameters, "shingle" | "ngram" | "shortTexts">;

/**
 * Hashes of a text's shingles, sorted, each once; for {@link jaccardSimilarity}.
 * @param common as for {@link signer}
 */
export function shingleHashes(text: string, shape: ShingleShape, common = nothing): BigUint64Array {
  const { shingle, ngram, shortTexts } = shape;
  const addon = minhashAddon();
  const unit = unitNumbers[shingle];
  const whole = shortTexts === "whole";
  const set = addon.instructionSet();
  return addon.shingleHashes(folded([text], shape), unit, ngram, whole, set, common);
}

/**
 * Shingles that two texts have in common, divided by those that one of them has.
 * @returns 0 to 1; 1 where both have none
 */
export function jaccardSimilarity(left: BigUint64Array, right: BigUint64Array): number {
  return minhashAddon().jaccard(left, right);
}

function folded(
  texts: readonly string[],
  { shingle }: Pick<SignatureParameters, "shingle">,
): readonly string[] {
  return shingle === "ascii" ? texts : texts.map((text) => text.toLowerCase());
}
