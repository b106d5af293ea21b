/** Rebuilds a tokenizer's files from the vocabulary that a GGUF file carries. */
import { basename } from "node:path";
import type { GgufTokenizer } from "../format/index.js";
import { FormatError } from "../util/errors.js";
import { preTokenizerNames, preTokenizerRules } from "./preTokenizers.js";
import { mergesFromScores } from "./sentencePieceMerges.js";
import { specialTokenProcessor } from "./specialTokenProcessor.js";
import { templateFolder } from "./templateFiles.js";
import {
  type AddedToken,
  plainAddedToken,
  type TokenizerFiles,
  type TokenizerJson,
} from "./tokenizerFiles.js";

/** Token types of a GGUF file that are found in text before it is cut. */
const unknownType = 2;
const controlType = 3;
const userDefinedType = 4;

/**
 * Builds tokenizer.json and tokenizer_config.json for a byte-level (`gpt2`) or SentencePiece
 * (`llama`) vocabulary.
 *
 * Text is cut as the file's `tokenizer.ggml.pre` says, which is how the model was trained and how
 * llama.cpp reads it. transformers 5.23 ignores names that it does not list, `smollm` among them,
 * and cuts as GPT-2 does; `preTokenizer: "gpt-2"` gives its ids.
 * @throws FormatError when the vocabulary is of an unknown kind
 */
export function tokenizerFromGguf(
  gguf: GgufTokenizer,
  path: string,
  options: { preTokenizer?: string; contextLength?: number | undefined } = {},
): TokenizerFiles {
  const built = build(gguf, path, options.preTokenizer);
  const named = {
    bos_token: gguf.bosTokenId,
    eos_token: gguf.eosTokenId,
    unk_token: gguf.unknownTokenId,
    pad_token: gguf.paddingTokenId,
  };
  const special: Record<string, string> = {};
  for (const [name, id] of Object.entries(named)) {
    if (id !== undefined) special[name] = gguf.tokens[id]!;
  }
  const tokenizerJson: TokenizerJson = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(gguf),
    normalizer: built.normalizer,
    pre_tokenizer: built.preTokenizer,
    post_processor: specialTokenProcessor(
      (id) => gguf.tokens[id],
      built.addBos ? idList(gguf.bosTokenId) : [],
      gguf.addEosToken ? idList(gguf.eosTokenId) : [],
    ),
    decoder: built.decoder,
    model: built.model,
  };
  const tokenizerConfig = {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    model_max_length: options.contextLength,
    ...special,
  };
  const contents = new Map([
    ["tokenizer.json", JSON.stringify(tokenizerJson)],
    ["tokenizer_config.json", `${JSON.stringify(tokenizerConfig, null, 2)}\n`],
    ["special_tokens_map.json", `${JSON.stringify(special, null, 2)}\n`],
  ]);
  const chatTemplates = new Map(gguf.namedTemplates);
  if (gguf.chatTemplate !== undefined) chatTemplates.set("default", gguf.chatTemplate);
  for (const [name, template] of chatTemplates) {
    const isDefault = name === "default";
    contents.set(isDefault ? "chat_template.jinja" : `${templateFolder}/${name}.jinja`, template);
  }
  return {
    name: basename(path),
    path,
    tokenizerJson,
    tokenizerConfig,
    specialTokensMap: special,
    addedTokensFile: {},
    generationConfig: {
      eos_token_id: [gguf.eosTokenId, gguf.eotTokenId].filter((id) => id !== undefined),
    },
    chatTemplates,
    templateNotes: [],
    contents,
  };
}

function idList(id: number | undefined): number[] {
  return id === undefined ? [] : [id];
}

interface Built {
  model: TokenizerJson["model"];
  normalizer: unknown;
  preTokenizer: unknown;
  decoder: unknown;
  addBos: boolean;
}

function build(gguf: GgufTokenizer, path: string, preTokenizer: string | undefined): Built {
  if (gguf.model === "gpt2") return byteLevelTokenizer(gguf, path, preTokenizer);
  if (gguf.model === "llama") return sentencePieceTokenizer(gguf, path);
  throw new FormatError(`${path}: tokenizer kind ${JSON.stringify(gguf.model)} is not supported`, {
    why: "tokenizer.ggml.model must be `gpt2` or `llama`",
    todo: "use the model's Hugging Face directory",
  });
}

function byteLevelTokenizer(
  gguf: GgufTokenizer,
  path: string,
  preTokenizer: string | undefined,
): Built {
  const name = preTokenizer ?? gguf.pre;
  const rules = preTokenizerRules(name === "default" ? undefined : name);
  if (!rules) {
    throw new FormatError(`${path}: unknown pre-tokenizer ${JSON.stringify(name)}`, {
      why: `text would be split differently than in training; known: ${preTokenizerNames.join(", ")}`,
      todo: "use the model's Hugging Face directory",
    });
  }
  if (!gguf.merges) {
    throw new FormatError(`${path}: the tokenizer has no merges`, {
      why: "a byte-level vocabulary requires tokenizer.ggml.merges",
      todo: "use the model's Hugging Face directory",
    });
  }
  return {
    model: bytePairModel(gguf.tokens, splitMerges(gguf.merges), {
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: rules.ignore_merges,
    }),
    normalizer: rules.normalizer,
    preTokenizer: rules.pre_tokenizer,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    addBos: gguf.addBosToken ?? rules.addBos,
  };
}

function sentencePieceTokenizer(gguf: GgufTokenizer, path: string): Built {
  if (!gguf.merges && !gguf.scores) {
    throw new FormatError(`${path}: the tokenizer has neither scores nor merges`, {
      todo: "use the model's Hugging Face directory",
    });
  }
  const merges = gguf.merges
    ? splitMerges(gguf.merges)
    : mergesFromScores(gguf.tokens, gguf.scores ?? []);
  const prefix = gguf.addSpacePrefix ?? true;
  const decoders: unknown[] = [
    { type: "Replace", pattern: { String: "▁" }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
  ];
  if (prefix) decoders.push({ type: "Strip", content: " ", start: 1, stop: 0 });
  return {
    model: bytePairModel(gguf.tokens, merges, {
      unk_token: gguf.tokens[gguf.unknownTokenId ?? 0],
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
    }),
    normalizer: null,
    preTokenizer: {
      type: "Metaspace",
      replacement: "▁",
      prepend_scheme: prefix ? "first" : "never",
      split: false,
    },
    decoder: { type: "Sequence", decoders },
    addBos: gguf.addBosToken ?? true,
  };
}

function bytePairModel(
  tokens: readonly string[],
  merges: [string, string][],
  settings: Record<string, unknown>,
): TokenizerJson["model"] {
  return {
    type: "BPE",
    dropout: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    ...settings,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
  };
}

function splitMerges(merges: readonly string[]): [string, string][] {
  return merges.map((merge) => {
    const space = merge.indexOf(" ", 1);
    return [merge.slice(0, space), merge.slice(space + 1)];
  });
}

/** Control tokens and `<unk>` become special, user-defined ones ordinary added tokens. */
function addedTokens(gguf: GgufTokenizer): AddedToken[] {
  return gguf.tokens.flatMap((content, id) => {
    const type = gguf.tokenTypes?.[id];
    const special = type === controlType || type === unknownType;
    if (!special && type !== userDefinedType) return [];
    return plainAddedToken(id, content, special);
  });
}
