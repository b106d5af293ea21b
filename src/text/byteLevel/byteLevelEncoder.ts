/**
 * Byte-level byte-pair encoding (GPT-2, Llama 3, Qwen, SmolLM2, …) without the native library, to
 * the same ids. A word that was seen before costs one look-up, which makes it several times as fast,
 * and no ids have to be fetched from native memory one by one.
 */

import { isRecord } from "../../util/isRecord.js";
import type { BorderedIds, BorderedText } from "../borderedText.js";
import { unsureCharacters } from "../stableText.js";
import type { AddedToken, TokenizerJson } from "../tokenizerFiles.js";
import { addedTokenFinder } from "./addedTokens.js";
import { createByteMerger } from "./bytePairs.js";
import { isSteady } from "./steadyCharacters.js";
import { type ByteLevelVocabulary, readByteLevelVocabulary } from "./vocabulary.js";
import { wordSplitter } from "./wordSplitter.js";

/** Encodes one text, or returns undefined where only the native library knows how. */
export type ByteLevelEncoder = (text: BorderedText) => BorderedIds | undefined;

/** In longer texts V8's regular expressions may run out of stack. */
const longestText = 2 ** 20;
/** Merging takes some fifty bytes of memory for each byte of a word. */
const longestWord = 2 ** 16;

/** Words whose ids are remembered: some megabytes. */
const rememberedWords = 50_000;
/** Longer parts of a string are kept by V8 as references to all of it. */
const rememberedLength = 12;

/**
 * @param json its `model` and rules
 * @param addedTokens texts that become one token wherever they occur
 * @returns undefined where a rule of this tokenizer is not known here
 */
export function createByteLevelEncoder(
  json: TokenizerJson,
  addedTokens: readonly AddedToken[],
): ByteLevelEncoder | undefined {
  const { model, normalizer } = json;
  const normalizes = isRecord(normalizer) && normalizer.type === "NFC";
  if (!isPlainBpe(model) || (normalizer && !normalizes)) return undefined;
  const splitWords = wordSplitter(json.pre_tokenizer);
  const findAdded = addedTokenFinder(addedTokens);
  const vocabulary = splitWords && findAdded && readByteLevelVocabulary(model);
  if (!vocabulary) return undefined;
  const encodeWord = wordEncoder(vocabulary);

  return ({ text, borders, partial }) => {
    if (text.length > longestText || !isSteady(text)) return undefined;
    if (normalizes && text.normalize("NFC") !== text) return undefined;
    const row = idRow(text.length, borders, vocabulary.lengths);
    const sureUntil = partial ? text.length - unsureCharacters : text.length;
    let stable = 0;
    for (const piece of findAdded(text)) {
      const words = piece.id === undefined ? splitWords(piece.text) : [piece.text];
      for (const word of words) {
        const ids = piece.id ?? encodeWord(word);
        if (ids === undefined) return undefined;
        if (row.at <= sureUntil) stable = row.count;
        row.add(word, ids);
      }
    }
    return row.finish(partial ? stable : row.count);
  };
}

function isPlainBpe(model: TokenizerJson["model"]): boolean {
  return (
    model.type === "BPE" &&
    !model.dropout &&
    !model.continuing_subword_prefix &&
    !model.end_of_word_suffix &&
    !model.byte_fallback
  );
}

/** The tokens of a word: one id, or several. */
type WordIds = number | readonly number[];

/** Gives undefined for a word that is very long or has a byte that is no token. */
function wordEncoder(vocabulary: ByteLevelVocabulary): (word: string) => WordIds | undefined {
  const { byteIds, merges, wholeWord } = vocabulary;
  const merge = createByteMerger(byteIds, merges);
  const encoder = new TextEncoder();
  let buffer = new Uint8Array(256);
  let remembered = new Map<string, WordIds>();
  const compute = (word: string): WordIds | undefined => {
    if (word.length > longestWord) return undefined;
    if (buffer.length < 3 * word.length) buffer = new Uint8Array(6 * word.length);
    const bytes = buffer.subarray(0, encoder.encodeInto(word, buffer).written);
    const whole = wholeWord?.(bytes);
    if (whole !== undefined) return whole;
    for (const byte of bytes) if (byteIds[byte] === -1) return undefined;
    const ids = merge(bytes);
    return ids.length === 1 ? ids[0]! : ids;
  };
  return (word) => {
    if (word.length > rememberedLength) return compute(word);
    let ids = remembered.get(word);
    if (ids === undefined) {
      if (remembered.size === rememberedWords) remembered = new Map();
      ids = compute(word);
      if (ids !== undefined) remembered.set(word, ids);
    }
    return ids;
  };
}

/** Ids of a text while they are put together, with the tokens that borders fall on. */
function idRow(characters: number, borders: readonly number[], lengths: Uint16Array) {
  let ids = new Int32Array(64 + (characters >> 1));
  let border = 0;
  const tokenIndexes: number[] = [];
  const row = {
    /** Characters so far. */
    at: 0,
    /** Ids so far. */
    count: 0,
    add(word: string, wordIds: WordIds) {
      const end = row.at + word.length;
      while (border < borders.length && borders[border]! < end) {
        const offset = borders[border++]! - row.at;
        const before = offset > 0 ? tokensBefore(word, offset, [wordIds].flat(), lengths) : 0;
        tokenIndexes.push(row.count + before);
      }
      row.at = end;
      const more = typeof wordIds === "number" ? 1 : wordIds.length;
      if (row.count + more > ids.length) {
        const larger = new Int32Array(2 * (row.count + more));
        larger.set(ids);
        ids = larger;
      }
      if (typeof wordIds === "number") ids[row.count++] = wordIds;
      else for (const id of wordIds) ids[row.count++] = id;
    },
    /** The first `length` ids. */
    finish(length: number): BorderedIds {
      while (tokenIndexes.length < borders.length) tokenIndexes.push(row.count);
      return {
        ids: ids.slice(0, length),
        tokenIndexes: tokenIndexes.map((index) => Math.min(index, length)),
      };
    },
  };
  return row;
}

/** How many tokens of a word start before a place in it; one that starts within a character starts with it. */
function tokensBefore(
  word: string,
  offset: number,
  ids: readonly number[],
  lengths: Uint16Array,
): number {
  // A place between two halves of a character is the one behind it.
  const isInside = /^[\ud800-\udbff][\udc00-\udfff]/.test(word.slice(offset - 1, offset + 1));
  const border = Buffer.byteLength(word.slice(0, isInside ? offset + 1 : offset));
  let start = 0;
  let count = 0;
  while (count < ids.length && start < border) start += lengths[ids[count++]!] ?? 0;
  return count;
}
