/** What merging needs of a byte-level vocabulary. */

import { isRecord } from "../../util/isRecord.js";
import type { TokenizerJson } from "../tokenizerFiles.js";
import { byteAlphabet } from "./byteAlphabet.js";

export interface ByteLevelVocabulary {
  /** Ids of the 256 bytes, -1 for one that no training text had. */
  byteIds: Int32Array;
  /** [merges * 3] the ids that are joined and the id of the result, in the order in which they were learnt */
  merges: Int32Array;
  /** Bytes of each token, by id. */
  lengths: Uint16Array;
  /** The id of some bytes that are a token, where whole words are taken without merging. */
  wholeWord?: (bytes: Uint8Array) => number | undefined;
}

/** @returns undefined where it is no list of merges within a vocabulary */
export function readByteLevelVocabulary({
  vocab,
  merges,
  ignore_merges: takesWholeWords,
}: TokenizerJson["model"]): ByteLevelVocabulary | undefined {
  if (!isRecord(vocab) || !Array.isArray(merges)) return undefined;
  const idOf = (token: string) => (Object.hasOwn(vocab, token) ? Number(vocab[token]) : -1);
  const byteIds = Int32Array.from(byteAlphabet, idOf);
  const triples = new Int32Array(3 * merges.length);
  for (const [rank, merge] of (merges as (string | [string, string])[]).entries()) {
    const [left = "", right = ""] = typeof merge === "string" ? merge.split(" ") : merge;
    const triple = [idOf(left), idOf(right), idOf(left + right)];
    if (triple.includes(-1)) return undefined;
    triples.set(triple, 3 * rank);
  }
  let largest = 0;
  let longest = 0;
  for (const token in vocab) {
    largest = Math.max(largest, idOf(token));
    longest = Math.max(longest, token.length);
  }
  const lengths = new Uint16Array(largest + 1);
  for (const token in vocab) lengths[idOf(token)] = token.length;
  const found = { byteIds, merges: triples, lengths };
  if (takesWholeWords !== true) return found;
  const ids = new Map(Object.entries(vocab as Record<string, number>));
  const wholeWord = (bytes: Uint8Array) => {
    if (bytes.length > longest) return undefined;
    let token = "";
    for (const byte of bytes) token += byteAlphabet[byte];
    return ids.get(token);
  };
  return { ...found, wholeWord };
}
