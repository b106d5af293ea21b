/**
 * Added tokens whose ids have no row in the model's embedding. The folders of Baichuan2 have one: `<pad>`
 * has the id 125696, and the embedding 125,696 rows.
 */
import { ConfigError } from "../util/errors.js";
import { isRecord } from "../util/isRecord.js";
import { fileStyle, type JsonValue, parseJson, stringifyJson } from "../util/json/index.js";
import { tokensOf } from "./addedTokens.js";
import type { TokenizerFiles } from "./tokenizerFiles.js";

export interface IdentifiedToken {
  text: string;
  id: number;
}

/** Names of tokens that a model does not work without. */
const needed = ["bos_token", "eos_token", "unk_token"];

/** @param rows of the embedding; undefined where they are unknown */
export function tokensWithoutRow(
  files: TokenizerFiles,
  rows: number | undefined,
): IdentifiedToken[] {
  if (rows === undefined) return [];
  const beyond = tokensOf(files).added.filter(({ id }) => id >= rows);
  return beyond.map(({ content, id }) => ({ text: content, id }));
}

/**
 * The files as if they did not name these tokens, so that their texts are ordinary text, here and for
 * whoever reads the files that are saved.
 * @throws ConfigError where one of them begins or ends texts, or stands for what is unknown
 */
export function withoutTokens(
  files: TokenizerFiles,
  tokens: readonly IdentifiedToken[],
): TokenizerFiles {
  if (tokens.length === 0) return files;
  const { named } = tokensOf(files);
  const { rebuild } = files;
  const lost = tokens.find(({ text }) => needed.some((name) => named.get(name) === text));
  if (lost) {
    const name = needed.find((one) => named.get(one) === lost.text);
    throw new ConfigError(`fix_added_tokens cannot make ${lost.text} ordinary text`, {
      why: `it is the ${name} of ${files.name}, and its id ${lost.id} has no row in the embedding`,
      todo: "use the tokenizer files that belong to the model",
    });
  }
  const texts = new Set(tokens.map(({ text }) => text));
  const contents = new Map(files.contents);
  for (const [name, prune] of Object.entries(pruners)) {
    const text = contents.get(name);
    if (text === undefined) continue;
    const before = parseJson(text.replace(/^\uFEFF/, ""));
    const after = prune(before, texts);
    if (after !== before) contents.set(name, `${stringifyJson(after, fileStyle)}\n`);
  }
  const pruned = <T>(value: T, prune: Pruner = pruneEntries) =>
    prune(value as JsonValue, texts) as T;
  return {
    ...files,
    contents,
    // What is known of tokens goes by this object, so it is never the same one.
    tokenizerJson: { ...pruned(files.tokenizerJson, pruneTokenizerJson) },
    ...(rebuild && { rebuild: () => pruned(rebuild(), pruneTokenizerJson) }),
    tokenizerConfig: pruned(files.tokenizerConfig),
    specialTokensMap: pruned(files.specialTokensMap),
    addedTokensFile: pruned(files.addedTokensFile, pruneKeys),
  };
}

type Texts = ReadonlySet<string>;

type Pruner = (value: JsonValue, texts: Texts) => JsonValue;

const pruners: Readonly<Record<string, Pruner>> = {
  "tokenizer.json": pruneTokenizerJson,
  "tokenizer_config.json": pruneEntries,
  "special_tokens_map.json": pruneEntries,
  "added_tokens.json": pruneKeys,
};

function isToken(value: unknown, texts: Texts): boolean {
  if (typeof value === "string") return texts.has(value);
  return isRecord(value) && typeof value.content === "string" && texts.has(value.content);
}

/** Of the vocabulary nothing goes: its ids are those of the model. */
function pruneTokenizerJson(value: JsonValue, texts: Texts): JsonValue {
  if (!isRecord(value)) return value;
  const { added_tokens: added } = value;
  if (!Array.isArray(added) || !added.some((token) => isToken(token, texts))) return value;
  return { ...value, added_tokens: added.filter((token) => !isToken(token, texts)) } as JsonValue;
}

/** Without keys that have a token, and without tokens in lists and objects under keys. */
function pruneEntries(value: JsonValue, texts: Texts): JsonValue {
  return filterEntries(
    value,
    (_, inner) => !isToken(inner, texts),
    (inner) =>
      Array.isArray(inner) && inner.some((token) => isToken(token, texts))
        ? inner.filter((token) => !isToken(token, texts))
        : filterEntries(inner, (_, token) => !isToken(token, texts)),
  );
}

function pruneKeys(value: JsonValue, texts: Texts): JsonValue {
  return filterEntries(value, (key) => !texts.has(key));
}

/** The value itself where nothing changes. */
function filterEntries(
  value: JsonValue,
  keeps: (key: string, inner: JsonValue) => boolean,
  change: (inner: JsonValue) => JsonValue = (inner) => inner,
): JsonValue {
  const isMap = value instanceof Map;
  if (!(isMap || isRecord(value))) return value;
  const entries: [string, JsonValue][] = isMap ? [...value] : Object.entries(value);
  const kept = entries.filter(([key, inner]) => keeps(key, inner));
  const changed = kept.map(([key, inner]): [string, JsonValue] => [key, change(inner)]);
  const isSame =
    kept.length === entries.length && changed.every(([, inner], at) => inner === kept[at]![1]);
  if (isSame) return value;
  return isMap ? new Map(changed) : Object.fromEntries(changed);
}

/** Why such a token cannot be read, and what makes it readable. */
export function adviceOnToken({ text, id }: IdentifiedToken, rows: number) {
  return {
    why: `the tokenizer's files give ${text} the id ${id}, but the embedding has ${rows} rows, so ids must be below ${rows}`,
    todo: `set fix_added_tokens (--fix-added-tokens), which takes ${text} as ordinary text, or remove it from the text`,
  };
}
