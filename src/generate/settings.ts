/** What steers an answer: values, their defaults and where the model's own come from. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, FormatError } from "../util/errors.js";

/** The values that steer one answer, in the names of transformers' `GenerationConfig`. */
export interface GenerationSettings {
  /** Most tokens of an answer. */
  maxNewTokens: number;
  /** 0 always takes the most probable token; the filters below then do nothing. */
  temperature: number;
  /** Most tokens to choose from; 0 for all. */
  topK: number;
  /** Probability mass to choose from; 1 for all. */
  topP: number;
  /** Least probability relative to the most probable token; 0 for all. */
  minP: number;
  /** Divides the logits of tokens that occurred; 1 for none. */
  repetitionPenalty: number;
  /** n-grams of this size never occur twice; 0 for no such rule. */
  noRepeatNgramSize: number;
  /** Taken from the logits of tokens that the answer has already; 0 for none. OpenAI's. */
  presencePenalty: number;
  /** Taken from a token's logit as often as the answer has it; 0 for none. OpenAI's. */
  frequencyPenalty: number;
  /** Texts that end the answer and are not part of it. */
  stop: readonly string[];
}

/** A choice that was made; the rest comes from the model or the defaults. */
export type GenerationChoices = {
  [K in keyof GenerationSettings]?: GenerationSettings[K] | undefined;
};

/** With nothing chosen and nothing said by the model: greedy, as in transformers. */
export const greedySettings: GenerationSettings = {
  maxNewTokens: 512,
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  stop: [],
};

/** Transformers' defaults once sampling is on. */
const samplingDefaults = { temperature: 1, topK: 50, topP: 1, minP: 0 };

/**
 * Settings out of choices and the model's generation_config.json. Sampling is on where a temperature
 * above 0 is chosen, where a filter (`topK`, `topP`, `minP`) is chosen without a temperature, or,
 * with neither, where the model's `do_sample` says so.
 *
 * @throws ConfigError for a value out of its range
 */
export function resolveSettings(
  choices: GenerationChoices = {},
  model: GenerationChoices = {},
): GenerationSettings {
  const { temperature, topK, topP, minP } = choices;
  const filtered = topK !== undefined || topP !== undefined || minP !== undefined;
  const sampling =
    temperature === undefined ? filtered || (model.temperature ?? 0) > 0 : temperature > 0;
  const base = { ...greedySettings, ...defined(model) };
  const settings = sampling
    ? {
        ...base,
        ...samplingDefaults,
        ...defined(model),
        ...(model.temperature === 0 ? { temperature: samplingDefaults.temperature } : {}),
        ...defined(choices),
      }
    : { ...base, ...defined(choices), temperature: temperature ?? 0 };
  checkSettings(settings);
  return settings;
}

function defined(choices: GenerationChoices): Partial<GenerationSettings> {
  return Object.fromEntries(Object.entries(choices).filter(([, value]) => value !== undefined));
}

interface Range {
  least: number;
  most: number;
  whole?: boolean;
  /** `least` itself is excluded. */
  open?: boolean;
}

const ranges: Record<Exclude<keyof GenerationSettings, "stop">, Range> = {
  maxNewTokens: { least: 1, most: 2 ** 31, whole: true },
  temperature: { least: 0, most: 1000 },
  topK: { least: 0, most: 2 ** 31, whole: true },
  topP: { least: 0, most: 1 },
  minP: { least: 0, most: 1 },
  repetitionPenalty: { least: 0, most: 1000, open: true },
  noRepeatNgramSize: { least: 0, most: 2 ** 31, whole: true },
  presencePenalty: { least: -2, most: 2 },
  frequencyPenalty: { least: -2, most: 2 },
};

/**
 * Checks values that may come from anywhere.
 *
 * @throws ConfigError naming the value and its range
 */
export function checkSettings(settings: GenerationSettings): void {
  for (const [key, range] of Object.entries(ranges)) {
    const value = settings[key as keyof typeof ranges];
    const { least, most, whole = false, open = false } = range;
    const fits = value <= most && (open ? value > least : value >= least);
    if (fits && (!whole || Number.isInteger(value))) continue;
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const kind = whole ? "an integer" : "a number";
    const from = open ? `above ${least}` : `of ${least} or more`;
    throw new ConfigError(`${name} cannot be ${value}`, {
      why: `it must be ${kind} ${from}${most < 2 ** 31 ? `, at most ${most}` : ""}`,
    });
  }
  if (settings.stop.some((text) => text === "")) {
    throw new ConfigError("a stop text cannot be empty", { why: "it would end every answer" });
  }
}

/** Settings that generation_config.json has no key for. */
type OwnKeys = "stop" | "presencePenalty" | "frequencyPenalty";

/** Keys of generation_config.json by the names used here. */
const fileKeys: Record<Exclude<keyof GenerationSettings, OwnKeys | "temperature">, string> = {
  maxNewTokens: "max_new_tokens",
  topK: "top_k",
  topP: "top_p",
  minP: "min_p",
  repetitionPenalty: "repetition_penalty",
  noRepeatNgramSize: "no_repeat_ngram_size",
};

/**
 * What generation_config.json of a model directory says; empty where there is none (a GGUF file has
 * none).
 *
 * @throws FormatError where the file is not JSON or a value is not a number
 */
export function readGenerationConfig(modelPath: string): GenerationChoices {
  const path = join(modelPath, "generation_config.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return {};
  }
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: not valid JSON`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "download the file again, or remove it",
      cause,
    });
  }
  const read = (key: string): number | undefined => {
    const value: unknown = Object(values)[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "number") return value;
    throw new FormatError(`${path}: ${key} should be a number, not ${JSON.stringify(value)}`);
  };
  const found: GenerationChoices = {};
  for (const [name, key] of Object.entries(fileKeys)) {
    const value = read(key);
    if (value !== undefined) found[name as keyof typeof fileKeys] = value;
  }
  const sampling = Object(values).do_sample === true;
  return { ...found, temperature: sampling ? (read("temperature") ?? 1) : 0 };
}
