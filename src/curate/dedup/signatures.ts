/** Texts to signatures, by the addon. */
import { minhashAddon, unitNumbers } from "./native.js";
import type { SignatureParameters } from "./parameters.js";
import { makePermutations } from "./permutations.js";

/** Makes signatures; [texts, words] with the words that {@link signatureWords} counts. */
export type Signer = (texts: readonly string[]) => Uint32Array;

/**
 * The reference lower-cases everywhere but in its ASCII form.
 * @throws EnvironmentError where the addon is not compiled
 */
export function signer(parameters: SignatureParameters): Signer {
  const addon = minhashAddon();
  const set = addon.instructionSet();
  const { method, shingle, ngram, shortTexts, permutations, permutationOrder } = parameters;
  const shape = [unitNumbers[shingle], ngram, shortTexts === "whole", set] as const;
  if (method === "exact") return () => new Uint32Array(0);
  if (method === "simhash") {
    return (texts) => new Uint32Array(addon.simHashes(folded(texts, parameters), ...shape).buffer);
  }
  const { a, b } = makePermutations(permutations, undefined, permutationOrder);
  return (texts) => addon.signatures(folded(texts, parameters), ...shape, a, b);
}

/** Hashes of a text's shingles, for {@link jaccardSimilarity}. */
export function shingleHashes(text: string, parameters: SignatureParameters): BigUint64Array {
  const { shingle, ngram, shortTexts } = parameters;
  const addon = minhashAddon();
  return addon.shingleHashes(
    ...([folded([text], parameters), unitNumbers[shingle], ngram, shortTexts === "whole"] as const),
    addon.instructionSet(),
  );
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
