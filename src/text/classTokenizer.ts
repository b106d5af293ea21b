/**
 * Tokenizers of folders without a tokenizer.json: the vocabulary of a class that is written in
 * Python, with tokenizer_config.json, special_tokens_map.json and added_tokens.json.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isObject, readJsonObject } from "../format/index.js";
import { FormatError } from "../util/errors.js";
import { sentencePieceTokenizer } from "./sentencePieceTokenizer.js";
import { tiktokenTokenizer } from "./tiktokenTokenizer.js";
import {
  llama3Class,
  type TokenizerClass,
  tokenizerClass,
  tokenizerClassNames,
  tokenizerClassOfModel,
} from "./tokenizerClasses.js";
import type { DirectoryFiles, TokenizerFiles } from "./tokenizerFiles.js";

/** @throws FormatError when the vocabulary is missing or damaged, or the class is not known */
export function readClassTokenizer(files: DirectoryFiles): TokenizerFiles {
  const { path, copies } = files;
  const tiktoken = copies?.get("qwen.tiktoken");
  const model = copies?.get("tokenizer.model");
  const vocabulary = tiktoken ?? model;
  if (vocabulary === undefined) {
    throw new FormatError(`${path}: no tokenizer.json`, {
      why: "it contains the vocabulary and the rules of the tokenizer",
      todo: "copy tokenizer.json, or tokenizer.model, from the model's repository",
    });
  }
  const file = join(path, tiktoken ? "qwen.tiktoken" : "tokenizer.model");
  const known = classOf(files, vocabulary);
  const build = known.kind === "tiktoken" ? tiktokenTokenizer : sentencePieceTokenizer;
  return build(withDefaults(files, known), file, vocabulary, known);
}

/** Lines of base64, a space and a rank; a SentencePiece model begins with the byte 10. */
function isTiktoken(bytes: Uint8Array): boolean {
  return /^[A-Za-z0-9+/]+=* \d+\r?\n/.test(Buffer.from(bytes.subarray(0, 256)).toString("latin1"));
}

/**
 * The class that the folder names, or else that of its kind of model. Converted folders name classes
 * that say nothing of the vocabulary.
 * @throws FormatError for a class that is not known
 */
function classOf(files: DirectoryFiles, bytes: Uint8Array): TokenizerClass {
  const kind = isTiktoken(bytes) ? "tiktoken" : "sentencePiece";
  const name = className(files);
  const isGeneral = name === undefined || /^PreTrainedTokenizer(Fast)?$/.test(name);
  const known = isGeneral ? tokenizerClassOfModel(modelType(files.path)) : tokenizerClass(name);
  if (known?.kind === kind) return known;
  // Llama 3's folders name the class of Llama 2, or none.
  const isLlama = isGeneral || known?.name === "LlamaTokenizer";
  if (kind === "tiktoken" && isLlama) return llama3Class;
  throw unknownClass(files);
}

function className({ tokenizerConfig: config }: DirectoryFiles): string | undefined {
  const { tokenizer_class: name, auto_map: map } = config;
  if (typeof name === "string") return name;
  const listed = isObject(map) ? [map.AutoTokenizer].flat()[0] : undefined;
  return typeof listed === "string" ? listed.split(".").at(-1) : undefined;
}

function modelType(path: string): unknown {
  const file = join(path, "config.json");
  return existsSync(file) ? readJsonObject(file).model_type : undefined;
}

function unknownClass(files: DirectoryFiles): FormatError {
  const name = className(files);
  return new FormatError(
    name === undefined
      ? `${files.path}: no tokenizer_config.json names the class of its tokenizer`
      : `${files.path}: the tokenizer class ${name} is not known`,
    {
      why:
        "there is no tokenizer.json, and the rules of a class written in Python would have to be " +
        `known; these are: ${tokenizerClassNames.join(", ")}`,
      todo:
        "copy tokenizer.json from the model's repository, or write it once in Python: " +
        "AutoTokenizer.from_pretrained(dir).save_pretrained(dir)",
    },
  );
}

/** The files with the named tokens of the class where they name none. */
function withDefaults(files: DirectoryFiles, { tokens }: TokenizerClass): DirectoryFiles {
  return { ...files, tokenizerConfig: { ...tokens, ...files.tokenizerConfig } };
}
