/** What signatures depend on: written into every shard, and compared when shards are merged. */
import type { SourceOptions } from "../../data/index.js";
import { unitNumbers } from "./native.js";
import type { PermutationOrder } from "./permutations.js";

export const methods = ["minhash", "simhash", "exact"] as const;
export type Method = (typeof methods)[number];

/** What of a conversation is compared. */
export const comparedParts = ["conversation", "first-prompt"] as const;
export type ComparedPart = (typeof comparedParts)[number];

/** Whether what many rows have in common counts. */
export const comparisons = ["distinct", "all"] as const;
export type Compare = (typeof comparisons)[number];

/** What a token is. */
export type ShingleUnit = keyof typeof unitNumbers;
export const shingleUnits = Object.keys(unitNumbers) as readonly ShingleUnit[];

/** What becomes of texts with fewer tokens than a shingle has. */
export const shortTextRules = ["whole", "alike"] as const;
export type ShortTextRule = (typeof shortTextRules)[number];

export interface SignatureParameters {
  /** Near duplicates by MinHash or SimHash, or equal texts only. Default minhash. */
  method: Method;
  /** Default conversation. */
  by: ComparedPart;
  /**
   * `distinct` (default): system messages, and text that many rows have in common, carry no weight.
   * `all`: every word counts, as in the reference tools.
   */
  compare: Compare;
  /**
   * `distinct`: the share of a file's rows from which text is common, 0 to 1. Default null: a tenth, or
   * 2 % and at least forty rows where that is less.
   */
  commonShare: number | null;
  /** Default mixed: characters of Chinese and its like one by one, words of other scripts. */
  shingle: ShingleUnit;
  /** Tokens a shingle. Default 5. */
  ngram: number;
  /** `whole`: a short text is one shingle. `alike`: all short texts are equal, as with BigCode. */
  shortTexts: ShortTextRule;
  /** Numbers a MinHash signature. Default 256. */
  permutations: number;
  permutationOrder: PermutationOrder;
  /** How rows are read: {@link SourceOptions} that change a text. */
  reading: ReadingOptions;
}

export type ReadingOptions = Pick<
  SourceOptions,
  "format" | "encoding" | "mossTools" | "mossMetaInstruction" | "mossLearn" | "placeholders"
>;

export const defaultParameters: SignatureParameters = {
  method: "minhash",
  by: "conversation",
  compare: "distinct",
  commonShare: null,
  shingle: "mixed",
  ngram: 5,
  shortTexts: "whole",
  permutations: 256,
  permutationOrder: "alternate",
  reading: {},
};

/** 32-bit numbers of a signature. */
export function signatureWords({ method, permutations }: SignatureParameters): number {
  return method === "minhash" ? permutations : method === "simhash" ? 2 : 0;
}
