/**
 * Added and special tokens as transformers 5.23 counts them over all the files of a tokenizer: what
 * tokenizer_config.json says of a token wins over tokenizer.json, and without an
 * `added_tokens_decoder` there, special_tokens_map.json wins over both and added_tokens.json counts
 * (`test/parity/added_token_fixtures.py`). Numbers that these files give to tokens do not: a token
 * that the vocabulary lacks gets the next number, as in the tokenizers library. They do count for
 * the classes of transformers that are written in Python.
 */
import { FormatError } from "../util/errors.js";
import { isRecord } from "../util/isRecord.js";
import type {
  AddedToken,
  TokenizerFiles,
  TokenizerJson,
  TokenizerTokens,
} from "./tokenizerFiles.js";

/** A token whose number is not known yet. */
type Unnumbered = Omit<AddedToken, "id">;

const standardNames = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
];

const known = new WeakMap<TokenizerJson, TokenizerTokens>();

/** @throws FormatError for an entry that is no token */
export function tokensOf(files: TokenizerFiles): TokenizerTokens {
  let tokens = known.get(files.tokenizerJson);
  if (tokens === undefined) {
    tokens = readTokens(files);
    known.set(files.tokenizerJson, tokens);
  }
  return tokens;
}

function readTokens(files: TokenizerFiles): TokenizerTokens {
  const { named, extra } = specialTokens(files);
  const added = addedTokenList(files.tokenizerJson);
  const names = new Set([...named.values()].map(({ content }) => content));
  for (const [id, token] of listedTokens(files, names, extra)) {
    const special = token.special || names.has(token.content);
    added.add({ ...token, special }, files.keepsNumbers ? id : undefined);
  }
  for (const token of named.values()) {
    if (!added.has(token.content)) added.add({ ...token, special: true });
  }
  for (const token of extra) if (!added.has(token.content)) added.add(token);
  return {
    added: added.tokens(),
    named: new Map([...named].map(([name, { content }]) => [name, content])),
    special: new Set([...names, ...extra.map(({ content }) => content)]),
  };
}

/** The tokens of tokenizer.json, to which more can be added as the tokenizers library adds them. */
function addedTokenList({ added_tokens: listed, model }: TokenizerJson) {
  const byText = new Map<string, AddedToken>();
  const vocabulary = vocabularyOf(model.vocab);
  let largest = -1;
  const list = {
    has: (content: string) => byText.has(content),
    add(token: Unnumbered, number?: number) {
      const id =
        number ??
        byText.get(token.content)?.id ??
        vocabulary.find(token.content) ??
        Math.max(largest + 1, vocabulary.size());
      largest = Math.max(largest, id);
      byText.set(token.content, { ...token, id });
    },
    tokens: () => [...byText.values()],
  };
  for (const token of listed) if (token.content !== "") list.add(token);
  return list;
}

function vocabularyOf(vocab: unknown) {
  if (Array.isArray(vocab)) {
    let ids: Map<unknown, number> | undefined;
    return {
      size: () => vocab.length,
      find(content: string): number | undefined {
        ids ??= new Map(vocab.map((entry, id) => [Array.isArray(entry) ? entry[0] : entry, id]));
        return ids.get(content);
      },
    };
  }
  const entries = isRecord(vocab) ? vocab : {};
  let size: number | undefined;
  return {
    size() {
      size ??= Object.keys(entries).length;
      return size;
    },
    find: (content: string) =>
      Object.hasOwn(entries, content) ? Number(entries[content]) : undefined,
  };
}

/** Tokens that the files list by number, in the order of the numbers. */
function listedTokens(
  { tokenizerConfig, addedTokensFile, tokenizerJson, path }: TokenizerFiles,
  names: ReadonlySet<string>,
  extra: readonly Unnumbered[],
): [number, Unnumbered][] {
  const listed = new Map<number, Unnumbered>();
  const decoder = tokenizerConfig.added_tokens_decoder;
  if (isRecord(decoder)) {
    for (const [id, value] of Object.entries(decoder)) {
      listed.set(Number(id), tokenOf(value, `${path}: added_tokens_decoder.${id}`));
    }
  } else {
    const special = new Set([...names, ...extra.map(({ content }) => content)]);
    for (const [content, id] of Object.entries(addedTokensFile)) {
      listed.set(Number(id), tokenOf({ content, special: special.has(content) }, path));
    }
    for (const { id, ...token } of tokenizerJson.added_tokens) listed.set(id, token);
  }
  return [...listed].sort(([a], [b]) => a - b);
}

/** What the files call `bos_token` and so on, in transformers' order, and further special tokens. */
function specialTokens({ tokenizerConfig: config, specialTokensMap, path }: TokenizerFiles): {
  named: Map<string, Unnumbered>;
  extra: Unnumbered[];
} {
  // A list of its own in tokenizer_config.json makes the older file superfluous.
  const map = isRecord(config.added_tokens_decoder) ? {} : specialTokensMap;
  const where = (key: string) =>
    `${path}: ${key} in tokenizer_config.json or special_tokens_map.json`;
  const values: Record<string, unknown> = { ...config };
  for (const [key, value] of Object.entries(map)) values[key] = asSpecial(value);
  const own = Object.keys(values).filter(
    (key) => key.endsWith("_token") && !standardNames.includes(key),
  );
  const named = new Map<string, Unnumbered>();
  const name = (key: string, value: unknown) => {
    // Other keys end in `_token` too (`add_bos_token`): they are no texts.
    if (typeof value !== "string" && !isRecord(value)) return;
    const token = tokenOf(value, where(key));
    if (token.content !== "") named.set(key, token);
  };
  for (const key of [...standardNames, ...own]) name(key, values[key]);
  for (const { extra_special_tokens: extra } of [config, map]) {
    if (isRecord(extra)) for (const [key, value] of Object.entries(extra)) name(key, value);
  }
  const extra = extraTokens(config, map);
  return { named, extra: extra.map((value) => tokenOf(value, where("extra_special_tokens"))) };
}

/** The list of special tokens without a name; `additional_special_tokens` is its older key. */
function extraTokens(
  config: Record<string, unknown>,
  map: Record<string, unknown>,
): readonly unknown[] {
  const list = (value: unknown) => (Array.isArray(value) ? value : undefined);
  const own = list(config.extra_special_tokens);
  const first = own?.length ? own : (list(config.additional_special_tokens) ?? own);
  const second = list(map.extra_special_tokens);
  if (second !== undefined) return [...(first ?? []), ...second.map(asSpecial)];
  return first ?? list(map.additional_special_tokens)?.map(asSpecial) ?? [];
}

/** Entries of special_tokens_map.json are special, whatever they say. */
function asSpecial(value: unknown): unknown {
  return isRecord(value) && "content" in value ? { ...value, special: true } : value;
}

/** A text alone is a special token; flags that an entry leaves out are those of the library. */
function tokenOf(value: unknown, where: string): Unnumbered {
  if (typeof value === "string") return tokenOf({ content: value, special: true }, where);
  if (isRecord(value) && typeof value.content === "string") {
    const special = value.special === true;
    return {
      content: value.content,
      special,
      single_word: value.single_word === true,
      lstrip: value.lstrip === true,
      rstrip: value.rstrip === true,
      normalized: typeof value.normalized === "boolean" ? value.normalized : !special,
    };
  }
  throw new FormatError(`${where} is not a token`, {
    why: "a token is a text, or an object with `content`",
    todo: "copy the file from the model's repository again",
  });
}
