/**
 * Tokenizers of tiktoken's files (`qwen.tiktoken`, Llama 3's `tokenizer.model`): lines of base64
 * bytes and a rank, rebuilt as a byte-level tokenizer.json.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isObject, readJsonObject } from "../format/index.js";
import { FormatError } from "../util/errors.js";
import { byteAlphabet } from "./byteLevel/index.js";
import { preTokenizerRules } from "./preTokenizers.js";
import { specialTokenProcessor } from "./specialTokenProcessor.js";
import { llama3Class, type TokenizerClass } from "./tokenizerClasses.js";
import {
  type DirectoryFiles,
  plainAddedToken,
  type TokenizerFiles,
  type TokenizerJson,
} from "./tokenizerFiles.js";

/** Ranks of Llama 3's file. */
const llama3Ranks = 128_000;

/**
 * @param file for errors
 * @throws FormatError when the file is damaged, or its special tokens are not known
 */
export function tiktokenTokenizer(
  files: DirectoryFiles,
  file: string,
  bytes: Uint8Array,
  known: TokenizerClass,
): TokenizerFiles {
  const ranks = readRanks(bytes, file);
  const { length } = ranks;
  if (known === llama3Class && length !== llama3Ranks) {
    throw new FormatError(`${file}: the special tokens of this tiktoken file are not known`, {
      why: `it has ${length} tokens, Llama 3's has ${llama3Ranks}, and the folder names no class`,
      todo: "copy tokenizer.json from the model's repository",
    });
  }
  const { prefix = [] } = known;
  const special = specialTokens(known, files.path);
  const rules = preTokenizerRules(known.name === "QWenTokenizer" ? "qwen2" : "llama3")!;
  const prefixIds = prefix.map((token) => {
    const listed = special.indexOf(token);
    return listed >= 0 ? length + listed : listedId(files, token, file);
  });
  const jsonOf = (own: readonly string[]): TokenizerJson => ({
    version: "1.0",
    added_tokens: special.map((content, index) => plainAddedToken(length + index, content, true)),
    normalizer: rules.normalizer,
    pre_tokenizer: rules.pre_tokenizer,
    post_processor: specialTokenProcessor((id) => prefix[prefixIds.indexOf(id)], prefixIds, []),
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: bytePairModel(own),
  });
  return {
    ...files,
    keepsNumbers: true,
    rebuild: () => jsonOf(readRanks(bytes, file)),
    tokenizerJson: jsonOf(ranks),
  };
}

/** Bytes of the tokens by rank, as latin-1 text. */
function readRanks(bytes: Uint8Array, file: string): string[] {
  const tokens: string[] = [];
  for (const [index, line] of Buffer.from(bytes).toString("latin1").split("\n").entries()) {
    if (line.trim() === "") continue;
    const [, base64, rank] = /^([A-Za-z0-9+/]+=*) (\d+)\r?$/.exec(line) ?? [];
    if (base64 === undefined || Number(rank) !== tokens.length) {
      throw new FormatError(`${file}:${index + 1}: not a line of a tiktoken file`, {
        why: "a line is base64, a space, and the next number",
        todo: "copy the file from the model's repository again",
      });
    }
    tokens.push(Buffer.from(base64, "base64").toString("latin1"));
  }
  return tokens;
}

/**
 * The vocabulary as byte-pair merges: two neighbours are joined where together they are a token,
 * that of the lowest rank first.
 */
function bytePairModel(ranks: readonly string[]): TokenizerJson["model"] {
  const ids = new Map(ranks.map((token, rank) => [token, rank]));
  const shown = ranks.map((token) =>
    Array.from(token, (byte) => byteAlphabet[byte.charCodeAt(0)]!).join(""),
  );
  const merges: [string, string][] = [];
  for (const token of ranks) {
    const cuts: [number, number][] = [];
    for (let at = 1; at < token.length; at++) {
      const left = ids.get(token.slice(0, at));
      const right = ids.get(token.slice(at));
      if (left !== undefined && right !== undefined) cuts.push([left, right]);
    }
    cuts.sort(([a, b], [c, d]) => a - c || b - d);
    for (const [left, right] of cuts) merges.push([shown[left]!, shown[right]!]);
  }
  return {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: true,
    vocab: Object.fromEntries(shown.map((token, rank) => [token, rank])),
    merges,
  };
}

/** The special tokens behind the ranks; of a class that lists them in the folder's files, none. */
function specialTokens(known: TokenizerClass, path: string): string[] {
  if (known.name === "QWenTokenizer") {
    return ["<|endoftext|>", "<|im_start|>", "<|im_end|>", ...numbered("extra", 0, 205)];
  }
  return known === llama3Class ? llama3Tokens(path) : [];
}

function numbered(name: string, from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `<|${name}_${from + index}|>`);
}

/** Llama 3.1 gave names to some of the tokens that Llama 3 had reserved. */
function llama3Tokens(path: string): string[] {
  const reserved = (from: number, to: number) => numbered("reserved_special_token", from, to);
  const ends = ["<|begin_of_text|>", "<|end_of_text|>", ...reserved(0, 2)];
  const headers = ["<|start_header_id|>", "<|end_header_id|>"];
  if (!isLlama31(path)) {
    const first = [...ends, ...reserved(2, 4), ...headers, ...reserved(4, 5), "<|eot_id|>"];
    return [...first, ...reserved(5, 251)];
  }
  const first = [...ends, "<|finetune_right_pad_id|>", ...reserved(2, 3), ...headers];
  return [...first, "<|eom_id|>", "<|eot_id|>", "<|python_tag|>", ...reserved(3, 248)];
}

function isLlama31(path: string): boolean {
  const read = (name: string) => {
    const file = join(path, name);
    return existsSync(file) ? readJsonObject(file) : {};
  };
  const scaling = read("config.json").rope_scaling;
  return (
    read("params.json").use_scaled_rope === true || (isObject(scaling) && "rope_type" in scaling)
  );
}

/** The number that the folder's files give to a token. */
function listedId(
  { tokenizerConfig, addedTokensFile }: DirectoryFiles,
  token: string,
  file: string,
) {
  const entries = Object.entries(Object(tokenizerConfig.added_tokens_decoder));
  const listed = entries.find(([, value]) => Object(value).content === token)?.[0];
  const id = Number(listed ?? addedTokensFile[token]);
  if (Number.isSafeInteger(id)) return id;
  throw new FormatError(`${file}: no file beside it gives a number to ${token}`, {
    why: "the token stands before every text",
    todo: "copy tokenizer_config.json from the model's repository",
  });
}
