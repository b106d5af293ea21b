/**
 * How text is cut before byte-pair merging, by the name that a GGUF file gives it
 * (`tokenizer.ggml.pre`). The regular expressions are those of the models' own tokenizer.json
 * files; which name means which is llama.cpp's table.
 */
import type { TokenizerJson } from "./tokenizerFiles.js";

export interface PreTokenizerRules {
  normalizer: unknown;
  pre_tokenizer: unknown;
  /** Whole words of the vocabulary are taken without merging. */
  ignore_merges: boolean;
  /** Whether such a model starts texts with BOS when the file does not say. */
  addBos: boolean;
}

const byteLevel = (useRegex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});

const sequence = (...pretokenizers: unknown[]) => ({ type: "Sequence", pretokenizers });

const split = (regex: string) =>
  sequence(
    { type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false },
    byteLevel(false),
  );

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const spaces = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const capitalised = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const small = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
const notWord = "[^\\r\\n\\p{L}\\p{N}]?";

const llama3 = `${contractions}|${notWord}\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${spaces}`;
const qwen2 = `${contractions}|${notWord}\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${spaces}`;
const tekken =
  `${notWord}${capitalised}*${small}+|${notWord}${capitalised}+${small}*` +
  `|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${spaces}`;
const gpt4o =
  `${notWord}${capitalised}*${small}+${contractions}?|${notWord}${capitalised}+${small}*${contractions}?` +
  `|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${spaces}`;

const nfc = { type: "NFC" };
const rules = (pre_tokenizer: unknown, more: Partial<PreTokenizerRules> = {}) => ({
  normalizer: null,
  pre_tokenizer,
  ignore_merges: false,
  addBos: false,
  ...more,
});

const gpt2Rules = rules(byteLevel(true));
const digitRules = rules(sequence({ type: "Digits", individual_digits: true }, byteLevel(true)));
const llama3Rules = rules(split(llama3), { ignore_merges: true, addBos: true });
const qwen2Rules = rules(split(qwen2), { normalizer: nfc });
const gpt4oRules = rules(split(gpt4o), { ignore_merges: true });

const byName: [PreTokenizerRules, string[]][] = [
  [gpt2Rules, ["gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais", "roberta-bpe"]],
  [digitRules, ["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"]],
  [llama3Rules, ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2"]],
  [rules(split(llama3)), ["dbrx", "smaug-bpe"]],
  [qwen2Rules, ["qwen2", "deepseek-r1-qwen", "megrez"]],
  [rules(split(qwen2)), ["stablelm2"]],
  [rules(split(tekken), { ignore_merges: true, addBos: true }), ["tekken"]],
  [gpt4oRules, ["gpt-4o", "llama4", "kanana2"]],
];

const table = new Map(byName.flatMap(([entry, names]) => names.map((name) => [name, entry])));

/** Undefined for a name that is not known. A file without a name is cut as GPT-2 does. */
export function preTokenizerRules(name: string | undefined): PreTokenizerRules | undefined {
  return name === undefined ? gpt2Rules : table.get(name);
}

export const preTokenizerNames: readonly string[] = [...table.keys()];

/**
 * The name in GGUF files of how a tokenizer.json cuts text; undefined where llama.cpp has none.
 * Offsets, and the flag that keeps them, change no ids. Exact is what takes whole words in the same way, too.
 */
export function ggufPreTokenizer({
  normalizer,
  pre_tokenizer,
  model,
}: TokenizerJson): { name: string; isExact: boolean } | undefined {
  const shown = (value: unknown) =>
    JSON.stringify(value ?? null, (key, one) => (key === "trim_offsets" ? undefined : sorted(one)));
  const wanted = shown([normalizer, pre_tokenizer]);
  const found = byName.filter(
    ([entry]) => shown([entry.normalizer, entry.pre_tokenizer]) === wanted,
  );
  const exact = found.find(([entry]) => entry.ignore_merges === (model.ignore_merges === true));
  const name = (exact ?? found[0])?.[1][0];
  return name === undefined ? undefined : { name, isExact: exact !== undefined };
}

/** The same object with its keys in order. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
