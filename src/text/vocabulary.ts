/** Ids, tokens and special tokens of a tokenizer, read from its files. */
import { FormatError } from "../util/errors.js";
import { isRecord } from "../util/isRecord.js";
import { tokensOf } from "./addedTokens.js";
import type { TokenizerFiles } from "./tokenizerFiles.js";

export interface Vocabulary {
  /** Token text by id; undefined where an id is not used. */
  tokens: (string | undefined)[];
  ids: Map<string, number>;
  /** Ids that `skipSpecialTokens` leaves out. */
  specialIds: Set<number>;
  /** Texts that are one token wherever they occur, special or not. */
  addedTokens: string[];
}

/** @throws FormatError when the vocabulary is not one of the forms that tokenizer.json knows */
export function readVocabulary(files: TokenizerFiles): Vocabulary {
  const ids = new Map<string, number>();
  const { vocab } = files.tokenizerJson.model;
  if (Array.isArray(vocab)) {
    for (const [id, entry] of vocab.entries()) {
      if (Array.isArray(entry) && typeof entry[0] === "string") ids.set(entry[0], id);
    }
  } else if (isRecord(vocab)) {
    // Not Object.entries: its hundred thousand small lists cost more than all else here.
    for (const token in vocab) ids.set(token, Number(vocab[token]));
  } else {
    throw new FormatError(`${files.path}: tokenizer.json has no vocabulary`, {
      why: "`model.vocab` is neither an object nor a list",
    });
  }
  const specialIds = new Set<number>();
  const { added } = tokensOf(files);
  for (const token of added) {
    ids.set(token.content, token.id);
    if (token.special) specialIds.add(token.id);
  }
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of ids) {
    if (!Number.isSafeInteger(id) || id < 0 || id > 1 << 24) {
      throw new FormatError(`${files.path}: token ${JSON.stringify(token)} has the id ${id}`, {
        why: "ids must be non-negative integers",
      });
    }
    while (tokens.length <= id) tokens.push(undefined);
    tokens[id] = token;
  }
  // An added token wins over a vocabulary entry with the same id, as it does when text is decoded.
  for (const token of added) tokens[token.id] = token.content;
  const addedTokens = new Set(added.map((token) => token.content));
  for (const symbol of files.own?.symbols ?? []) addedTokens.add(symbol);
  return { tokens, ids, specialIds, addedTokens: [...addedTokens] };
}
