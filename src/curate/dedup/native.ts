/**
 * The addon of deduplication, and the only file that loads it. Set-up compiles native/minhash and
 * names the result in `.tunewright/runtime.json`. It needs no libtorch, so data commands stay light.
 */
import { ArgumentError, NativeError } from "../../util/errors.js";
import { loadSmallAddon } from "../../util/smallAddon.js";

/** Numbers of the units in native/minhash/shingles.h. */
export const unitNumbers = { mixed: 0, character: 1, word: 2, ascii: 3, space: 4 } as const;

/** Numbers of the instruction sets in native/minhash/kernels.h. */
export type InstructionSet = 0 | 1 | 2;

/**
 * The shared arguments: texts, unit, tokens a shingle, short texts as one shingle, instruction set, and
 * the 64-bit hashes of shingles that carry no weight (a text that has no others keeps them).
 */
type TextArguments = [
  texts: readonly string[],
  unit: number,
  ngram: number,
  whole: boolean,
  instructionSet: InstructionSet,
  common: BigUint64Array,
];

export interface MinhashAddon {
  /** MinHash signatures, [texts, permutations]. */
  signatures(...all: [...TextArguments, a: BigUint64Array, b: BigUint64Array]): Uint32Array;
  /** 64 bits of SHA-1 of each shingle of all texts; sorted, each once. */
  shingleHashes(...all: TextArguments): BigUint64Array;
  /** Share of common numbers of two sorted lists, 0 to 1. */
  jaccard(left: BigUint64Array, right: BigUint64Array): number;
  /** 64 bits for each band of each signature, [bands, texts]. */
  bandKeys(
    signatures: Uint32Array,
    permutations: number,
    bands: number,
    rows: number,
  ): BigUint64Array;
  /** Pairs: the index of each number that is not the first of its value, and the index of that one. */
  equalKeys(keys: BigUint64Array): Uint32Array;
  /** SimHash of each text (Charikar 2002), [texts]. */
  simHashes(...all: TextArguments): BigUint64Array;
  /** The best one that this processor has. */
  instructionSet(): InstructionSet;
}

let loaded: MinhashAddon | undefined;

/**
 * Loads the addon, once a thread.
 * @throws EnvironmentError where set-up has not compiled it; its functions throw ArgumentError
 */
export function minhashAddon(): MinhashAddon {
  loaded ??= withTypedErrors(
    loadSmallAddon<MinhashAddon>("minhashAddon", "the deduplication addon"),
  );
  return loaded;
}

function withTypedErrors(addon: MinhashAddon): MinhashAddon {
  const wrapped = Object.entries(addon).map(([name, call]) => [
    name,
    (...values: unknown[]) => {
      try {
        return (call as (...values: unknown[]) => unknown)(...values);
      } catch (cause) {
        throw typedError(name, cause);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as MinhashAddon;
}

function typedError(name: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !("code" in cause)) return cause;
  if (cause.code === "argument") {
    const [argument = "", expected = ""] = cause.message.split("\t");
    return new ArgumentError(name, argument, expected, "another value");
  }
  return cause.code === "native" ? new NativeError(name, `${name}: ${cause.message}`) : cause;
}
