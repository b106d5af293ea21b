/** The files that make up a tokenizer, as read from a model directory or rebuilt from a GGUF. */

import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { FormatError } from "../util/errors.js";
import { isRecord } from "../util/isRecord.js";
import { parseJson } from "../util/json/index.js";
import type { Encoder } from "./borderedText.js";
import { readTemplateFiles, type TemplateFiles, templateFolder } from "./templateFiles.js";

/** An entry of `added_tokens` in tokenizer.json. */
export interface AddedToken {
  id: number;
  content: string;
  special: boolean;
  single_word?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  normalized?: boolean;
}

/** An added token that is found as it is written, anywhere in a text. */
export function plainAddedToken(id: number, content: string, special: boolean): AddedToken {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return { id, content, ...flags, special };
}

export interface TokenizerTokens {
  /** Texts that are one token wherever they occur. */
  added: readonly AddedToken[];
  /** `bos_token` and its like, with those of this model alone (`image_token`); empty ones are left out. */
  named: ReadonlyMap<string, string>;
  /** Texts of the named tokens, and of those listed as further special ones. */
  special: ReadonlySet<string>;
}

/** The parts of tokenizer.json that are read here; the rest passes through. */
export interface TokenizerJson {
  added_tokens: AddedToken[];
  model: { type?: string; vocab?: unknown; [key: string]: unknown };
  truncation?: unknown;
  padding?: unknown;
  post_processor?: unknown;
  [key: string]: unknown;
}

export interface TokenizerFiles extends TemplateFiles {
  /** Last part of the path it came from. */
  name: string;
  /** Where it came from, for errors. */
  path: string;
  tokenizerJson: TokenizerJson;
  tokenizerConfig: Record<string, unknown>;
  specialTokensMap: Record<string, unknown>;
  /** Of added_tokens.json: numbers by text. */
  addedTokensFile: Record<string, unknown>;
  generationConfig: Record<string, unknown>;
  /** Text of each file that `save` writes. */
  contents: Map<string, string>;
  /** Bytes of further files that `save` writes. */
  copies?: ReadonlyMap<string, Uint8Array>;
  /** Makes `tokenizerJson` anew, where it is not what `contents` has as tokenizer.json. */
  rebuild?: () => TokenizerJson;
  /** Ids that the files give to added tokens count, as in transformers' classes written in Python. */
  keepsNumbers?: true;
  /** Instead of the native library, where no tokenizer.json can say how to encode. */
  own?: OwnTokenizer;
}

/** A tokenizer without a tokenizer.json. */
export interface OwnTokenizer {
  /** Texts beside the added tokens that are one token wherever they occur. */
  readonly symbols: readonly string[];
  /** @param plain whether the text of added tokens and symbols is ordinary text */
  createEncoder(tokens: TokenizerTokens, plain: boolean): Encoder;
  decode(tokens: readonly string[]): string;
}

/** Files of which a tokenizer's directory has at least one. */
export const vocabularyFiles: readonly string[] = [
  "tokenizer.json",
  "tokenizer.model",
  "qwen.tiktoken",
];

const copied = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "chat_template.jinja",
  "chat_template.json",
  "vocab.json",
  "merges.txt",
];

/** What a directory holds besides its vocabulary. */
export type DirectoryFiles = Omit<TokenizerFiles, "tokenizerJson">;

/**
 * Reads the tokenizer files of a Hugging Face model directory; of its vocabulary, which is not parsed,
 * the bytes.
 * @throws FormatError when there is no such directory, or a file is not the JSON it should be
 */
export function readDirectoryFiles(path: string): DirectoryFiles {
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new FormatError(`${path}: model directory not found`, {
      todo: "give a model directory with the files of its tokenizer, or a .gguf file",
    });
  }
  // In a folder that this user may not enter, each file would seem to be missing.
  accessSync(path, constants.X_OK);
  const contents = new Map<string, string>();
  for (const name of copied) {
    const file = join(path, name);
    if (existsSync(file)) contents.set(name, readFileSync(file, "utf8"));
  }
  const folder = join(path, templateFolder);
  for (const file of existsSync(folder) ? readdirSync(folder).sort() : []) {
    if (!file.endsWith(".jinja")) continue;
    contents.set(`${templateFolder}/${file}`, readFileSync(join(folder, file), "utf8"));
  }
  const tokenizerConfig = parseObject(contents, "tokenizer_config.json", path);
  if (tokenizerConfig.split_special_tokens === true) throw splitRefusal(path);
  return {
    name: basename(path),
    path,
    tokenizerConfig,
    specialTokensMap: parseObject(contents, "special_tokens_map.json", path),
    addedTokensFile: parseObject(contents, "added_tokens.json", path),
    generationConfig: readGenerationFile(path),
    ...readTemplateFiles(
      contents,
      tokenizerConfig,
      parseObject(contents, "chat_template.json", path),
    ),
    contents,
    copies: readCopies(path, tokenizerConfig),
  };
}

/** What generation_config.json of a directory says; nothing where there is none. @throws FormatError */
export function readGenerationFile(path: string): Record<string, unknown> {
  return readObject(path, "generation_config.json");
}

/** The same for tokenizer_config.json. */
export function readTokenizerConfig(path: string): Record<string, unknown> {
  return readObject(path, "tokenizer_config.json");
}

function readObject(path: string, name: string): Record<string, unknown> {
  const file = join(path, name);
  const contents = existsSync(file) ? [[name, readFileSync(file, "utf8")] as const] : [];
  // It is written again: 1.0 has to stay a float for Python.
  return parseObject(new Map(contents), name, path, parseJson);
}

/** Vocabularies of Python's classes, and the code of those classes: kept with the model, never run. */
function readCopies(path: string, config: Record<string, unknown>): Map<string, Uint8Array> {
  const names = vocabularyFiles.filter((name) => name !== "tokenizer.json");
  names.push(...codeFiles(config));
  const copies = new Map<string, Uint8Array>();
  for (const name of names) {
    if (existsSync(join(path, name))) copies.set(name, readFileSync(join(path, name)));
  }
  return copies;
}

/** Files with the code that `auto_map` names, `tokenization_x.ClassName`. */
export function codeFiles({ auto_map: map }: Record<string, unknown>): string[] {
  const classes = isRecord(map) ? [map.AutoTokenizer].flat() : [];
  const modules = classes.flatMap((name) =>
    typeof name === "string" ? (/^(\w+)\.\w+$/.exec(name)?.[1] ?? []) : [],
  );
  return [...new Set(modules)].map((name) => `${name}.py`);
}

function splitRefusal(path: string): FormatError {
  return new FormatError(`${join(path, "tokenizer_config.json")}: split_special_tokens is true`, {
    why: "the special tokens that the chat template writes would be encoded as ordinary characters",
    todo: "set it to false; text of the data that spells special tokens: special_tokens_in_text",
  });
}

/** The files with their tokenizer.json parsed anew: kept parsed, it takes tens of megabytes. */
export function parseAgain(kept: DirectoryFiles): TokenizerFiles {
  const tokenizerJson = kept.rebuild?.() ?? parseTokenizerJson(kept.contents, kept.path);
  return { ...kept, tokenizerJson };
}

/** @throws FormatError when `contents` has no well-formed tokenizer.json */
export function parseTokenizerJson(
  contents: ReadonlyMap<string, string>,
  path: string,
): TokenizerJson {
  const value = parseObject(contents, "tokenizer.json", path);
  if (!isTokenizerJson(value)) {
    throw new FormatError(`${join(path, "tokenizer.json")}: has no model`, {
      why: "a tokenizer.json must have `model` and `added_tokens`",
    });
  }
  return value;
}

function parseObject(
  contents: ReadonlyMap<string, string>,
  name: string,
  path: string,
  parse: (text: string) => unknown = JSON.parse,
): Record<string, unknown> {
  const text = contents.get(name);
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (cause) {
    throw new FormatError(`${join(path, name)}: not valid JSON`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "copy the file from the model's repository again",
      cause,
    });
  }
  if (!isRecord(value)) throw new FormatError(`${join(path, name)}: not a JSON object`);
  return value;
}

function isTokenizerJson(value: Record<string, unknown>): value is TokenizerJson {
  value.added_tokens ??= [];
  return isRecord(value.model) && Array.isArray(value.added_tokens);
}
