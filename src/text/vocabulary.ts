/** Ids, tokens and special tokens of a tokenizer, read from its files. */
import { FormatError } from "../util/errors.js";
import { type AddedToken, isRecord, type TokenizerFiles } from "./tokenizerFiles.js";

export interface Vocabulary {
  /** Token text by id; undefined where an id is not used. */
  tokens: (string | undefined)[];
  ids: Map<string, number>;
  /** Ids that `skipSpecialTokens` leaves out. */
  specialIds: Set<number>;
  /** Texts that are one token wherever they occur, special or not. */
  addedTokens: string[];
}

/** Added tokens that tokenizer_config.json or special_tokens_map.json name and tokenizer.json lacks. */
function missingAddedTokens(files: TokenizerFiles): AddedToken[] {
  const known = new Set(files.tokenizerJson.added_tokens.map((token) => token.content));
  const missing: AddedToken[] = [];
  const decoder = files.tokenizerConfig.added_tokens_decoder;
  if (!isRecord(decoder)) return missing;
  for (const [id, value] of Object.entries(decoder)) {
    if (!isRecord(value) || typeof value.content !== "string" || known.has(value.content)) continue;
    missing.push({
      id: Number(id),
      content: value.content,
      special: value.special === true,
      single_word: value.single_word === true,
      lstrip: value.lstrip === true,
      rstrip: value.rstrip === true,
      normalized: value.normalized === true,
    });
  }
  return missing.sort((a, b) => a.id - b.id);
}

/** All texts that become one token. */
export function allAddedTokens(files: TokenizerFiles): AddedToken[] {
  return [...files.tokenizerJson.added_tokens, ...missingAddedTokens(files)];
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
  const added = allAddedTokens(files);
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
  return { tokens, ids, specialIds, addedTokens: added.map((token) => token.content) };
}

/** `bos_token` and its like: tokenizer_config.json first, then special_tokens_map.json. */
export function specialToken(
  files: Pick<TokenizerFiles, "tokenizerConfig" | "specialTokensMap">,
  key: string,
): string | undefined {
  for (const value of [files.tokenizerConfig[key], files.specialTokensMap[key]]) {
    if (typeof value === "string") return value;
    if (isRecord(value) && typeof value.content === "string") return value.content;
  }
  return undefined;
}
