/** What merging needs of a byte-level vocabulary. */
import { isRecord, type TokenizerJson } from "../tokenizerFiles.js";
import { byteAlphabet } from "./byteAlphabet.js";
import type { Merge } from "./bytePairs.js";

export interface ByteLevelVocabulary {
  /** Ids of the 256 bytes, -1 for one that no training text had. */
  byteIds: Int32Array;
  /** In the order in which they were learnt. */
  merges: Merge[];
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
  const ids = new Map(Object.entries(vocab as Record<string, number>));
  const byteIds = Int32Array.from(byteAlphabet, (character) => ids.get(character) ?? -1);
  const pairs: Merge[] = [];
  for (const merge of merges as (string | [string, string])[]) {
    const [left = "", right = ""] = typeof merge === "string" ? merge.split(" ") : merge;
    const [leftId, rightId, result] = [ids.get(left), ids.get(right), ids.get(left + right)];
    if (leftId === undefined || rightId === undefined || result === undefined) return undefined;
    pairs.push([leftId, rightId, result]);
  }
  let largest = 0;
  let longest = 0;
  for (const [token, id] of ids) {
    largest = Math.max(largest, id);
    longest = Math.max(longest, token.length);
  }
  const lengths = new Uint16Array(largest + 1);
  for (const [token, id] of ids) lengths[id] = token.length;
  const found = { byteIds, merges: pairs, lengths };
  if (takesWholeWords !== true) return found;
  const wholeWord = (bytes: Uint8Array) => {
    if (bytes.length > longest) return undefined;
    let token = "";
    for (const byte of bytes) token += byteAlphabet[byte];
    return ids.get(token);
  };
  return { ...found, wholeWord };
}
