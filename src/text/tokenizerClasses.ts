/**
 * What transformers' tokenizer classes that are written in Python do beyond their vocabulary. Their
 * code is not run, neither from the library nor from a model's folder.
 */

export interface TokenizerClass {
  name: string;
  kind: "sentencePiece" | "tiktoken";
  /** Named tokens where tokenizer_config.json and special_tokens_map.json say nothing. */
  tokens: Readonly<Record<string, string>>;
  /** Default of `add_bos_token`. */
  addsBos: boolean;
  /** Text is changed before it is cut where `legacy` is false (transformers#24565). */
  hasLegacyKey?: true;
  /** Tokens that stand before every text. */
  prefix?: readonly string[];
  /** Tokens behind the vocabulary that are not found in text. */
  further?: readonly string[];
}

const llamaTokens = { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" };

const sentencePiece = { kind: "sentencePiece", tokens: llamaTokens, addsBos: true } as const;

const classes: readonly TokenizerClass[] = [
  { ...sentencePiece, name: "LlamaTokenizer", hasLegacyKey: true },
  { ...sentencePiece, name: "BaichuanTokenizer" },
  { ...sentencePiece, name: "InternLMTokenizer" },
  {
    ...sentencePiece,
    name: "InternLM2Tokenizer",
    tokens: { ...llamaTokens, pad_token: "</s>" },
  },
  {
    ...sentencePiece,
    name: "GemmaTokenizer",
    tokens: {
      bos_token: "<bos>",
      eos_token: "<eos>",
      unk_token: "<unk>",
      pad_token: "<pad>",
    },
  },
  {
    ...sentencePiece,
    name: "ChatGLMTokenizer",
    tokens: { eos_token: "</s>", unk_token: "<unk>", pad_token: "<unk>" },
    addsBos: false,
    prefix: ["[gMASK]", "sop"],
    further: [
      ...["[MASK]", "[gMASK]", "[sMASK]", "sop", "eop"],
      ...["<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"],
    ],
  },
  {
    kind: "tiktoken",
    name: "QWenTokenizer",
    tokens: { eos_token: "<|endoftext|>", pad_token: "<|endoftext|>" },
    addsBos: false,
  },
  {
    kind: "tiktoken",
    name: "ChatGLM4Tokenizer",
    tokens: { eos_token: "<|endoftext|>", pad_token: "<|endoftext|>" },
    addsBos: false,
    prefix: ["[gMASK]", "<sop>"],
  },
];

/** What a tiktoken file is that belongs to no class: Meta's own files of Llama 3. */
export const llama3Class: TokenizerClass = {
  kind: "tiktoken",
  name: "Llama 3",
  tokens: { bos_token: "<|begin_of_text|>", eos_token: "<|end_of_text|>" },
  addsBos: true,
  prefix: ["<|begin_of_text|>"],
};

/** Kinds of models whose old folders do not name their class. */
const classByModel: Readonly<Record<string, string>> = {
  llama: "LlamaTokenizer",
  mistral: "LlamaTokenizer",
  mixtral: "LlamaTokenizer",
  baichuan: "BaichuanTokenizer",
  internlm: "InternLMTokenizer",
  internlm2: "InternLM2Tokenizer",
  gemma: "GemmaTokenizer",
  gemma2: "GemmaTokenizer",
  chatglm: "ChatGLMTokenizer",
  qwen: "QWenTokenizer",
};

/** By name, in any case (`BaiChuanTokenizer`); the class of a library in Rust is that of its Python twin. */
export function tokenizerClass(name: string): TokenizerClass | undefined {
  const wanted = name.replace(/Fast$/, "").toLowerCase();
  return classes.find((one) => one.name.toLowerCase() === wanted);
}

/** @param modelType of config.json */
export function tokenizerClassOfModel(modelType: unknown): TokenizerClass | undefined {
  const name = typeof modelType === "string" ? classByModel[modelType] : undefined;
  return name === undefined ? undefined : tokenizerClass(name);
}

export const tokenizerClassNames: readonly string[] = classes.map(({ name }) => name);
