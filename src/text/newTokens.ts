/** Tokens that a tokenizer did not have. */
import { ConfigError } from "../util/errors.js";
import { isRecord } from "../util/isRecord.js";
import { fileStyle, parseJson, stringifyJson } from "../util/json/index.js";
import { tokensOf } from "./addedTokens.js";
import { type AddedToken, plainAddedToken, type TokenizerFiles } from "./tokenizerFiles.js";
import { readVocabulary } from "./vocabulary.js";

/**
 * The files with tokens behind all that they have, as transformers' `add_tokens` adds them: each text
 * is one token wherever it occurs, and none is special.
 * @throws ConfigError for a text that is empty, comes twice or is a token already
 */
export function withNewTokens(files: TokenizerFiles, texts: readonly string[]): TokenizerFiles {
  if (texts.length === 0) return files;
  const { ids, tokens } = readVocabulary(files);
  texts.forEach((text, at) => {
    const why =
      text.trim() === ""
        ? "it is empty"
        : texts.indexOf(text) !== at
          ? "it comes twice"
          : ids.has(text)
            ? `it is a token already, with the id ${ids.get(text)}`
            : undefined;
    if (why === undefined) return;
    throw new ConfigError(`new_tokens cannot add ${JSON.stringify(text)}`, {
      why,
      todo: "remove it from new_tokens",
    });
  });
  const added = texts.map((content, at) => plainAddedToken(tokens.length + at, content, false));
  if (files.keepsNumbers) return withListedTokens(files, added);
  // Numbers go by the order of the list, so that it has to hold those that other files add.
  const all = [...tokensOf(files).added, ...added].sort((one, other) => one.id - other.id);
  const { contents, edit } = editor(files);
  edit("tokenizer.json", (json) => ({ ...json, added_tokens: all }));
  const { added_tokens_decoder: decoder } = files.tokenizerConfig;
  const listed = Object.fromEntries(all.map(({ id, ...token }) => [id, token]));
  const config = isRecord(decoder)
    ? { ...files.tokenizerConfig, added_tokens_decoder: listed }
    : files.tokenizerConfig;
  if (isRecord(decoder)) {
    edit("tokenizer_config.json", (json) => ({ ...json, added_tokens_decoder: listed }));
  }
  return {
    ...files,
    contents,
    tokenizerConfig: config,
    tokenizerJson: { ...files.tokenizerJson, added_tokens: all },
  };
}

/** Folders without a tokenizer.json give numbers to tokens in other files. */
function withListedTokens(files: TokenizerFiles, added: readonly AddedToken[]): TokenizerFiles {
  const { contents, edit } = editor(files);
  // What is known of tokens goes by this object, so it is never the same one.
  const changed = { ...files, contents, tokenizerJson: { ...files.tokenizerJson } };
  const { added_tokens_decoder: decoder } = files.tokenizerConfig;
  if (!isRecord(decoder)) {
    const numbers = Object.fromEntries(added.map(({ content, id }) => [content, id]));
    edit("added_tokens.json", (json) => ({ ...json, ...numbers }));
    return { ...changed, addedTokensFile: { ...files.addedTokensFile, ...numbers } };
  }
  const listed = {
    ...decoder,
    ...Object.fromEntries(added.map(({ id, ...token }) => [id, token])),
  };
  edit("tokenizer_config.json", (json) => ({ ...json, added_tokens_decoder: listed }));
  return {
    ...changed,
    tokenizerConfig: { ...files.tokenizerConfig, added_tokens_decoder: listed },
  };
}

/** A copy of the files' texts, and what changes one of them. */
function editor(files: TokenizerFiles) {
  const contents = new Map(files.contents);
  const edit = (name: string, change: (value: Record<string, unknown>) => unknown) => {
    const value = parseJson((contents.get(name) ?? "{}").replace(/^\uFEFF/, ""));
    if (isRecord(value)) contents.set(name, `${stringifyJson(change(value), fileStyle)}\n`);
  };
  return { contents, edit };
}
