/** Turns the flags of `chat` into options. */
import { randomInt } from "node:crypto";
import {
  type AdapterName,
  type ChatModelOptions,
  type GenerationChoices,
  type GenerationSettings,
  resolveSettings,
} from "../../generate/index.js";
import { type Device, type DType, defaultDevice, devices } from "../../tensor/index.js";
import type { TemplateVariables } from "../../text/index.js";
import { ConfigError } from "../../util/errors.js";

export interface ChatFlags extends GenerationChoices {
  model: string;
  adapter?: AdapterName[];
  script?: string;
  json?: boolean;
  system?: string;
  template?: string;
  chatTemplateKwargs?: TemplateVariables;
  fixAddedTokens?: boolean;
  dtype?: string;
  device?: string;
  seed?: number;
}

const dtypes: Readonly<Record<string, DType>> = {
  float32: "float32",
  fp32: "float32",
  bfloat16: "bfloat16",
  bf16: "bfloat16",
  float16: "float16",
  fp16: "float16",
};

/** @throws ConfigError for an unknown data type or a device that this machine does not have */
export function modelOptions(flags: ChatFlags): ChatModelOptions {
  const { adapter, template, chatTemplateKwargs: variables, fixAddedTokens } = flags;
  const { dtype: dtypeName, device: deviceName } = flags;
  const dtype = dtypeName === undefined ? undefined : dtypes[dtypeName];
  if (dtypeName !== undefined && dtype === undefined) {
    throw new ConfigError(`--dtype ${dtypeName}: unknown data type`, {
      todo: "use float32, bfloat16 or float16",
    });
  }
  const device = deviceName === undefined ? defaultDevice() : findDevice(deviceName);
  const chosen = { adapter, template, variables, fixAddedTokens, device };
  return dtype === undefined ? chosen : { ...chosen, dtype };
}

function findDevice(name: string): Device {
  const there = devices();
  const device = there.find((candidate) => candidate === name || candidate === `${name}:0`);
  if (device !== undefined) return device;
  throw new ConfigError(`--device ${name}: not available on this machine`, {
    todo: `use ${there.join(" or ")}`,
  });
}

/** @throws ConfigError for a value out of range */
export function generationSettings(
  flags: ChatFlags,
  modelDefaults: GenerationChoices,
): GenerationSettings {
  const { maxNewTokens, temperature, topK, topP, minP } = flags;
  const { repetitionPenalty, noRepeatNgramSize, presencePenalty, frequencyPenalty, stop } = flags;
  const penalties = { repetitionPenalty, noRepeatNgramSize, presencePenalty, frequencyPenalty };
  return resolveSettings(
    { maxNewTokens, temperature, topK, topP, minP, ...penalties, stop },
    modelDefaults,
  );
}

/** The given seed, or a random one. @throws ConfigError if it is not a non-negative integer */
export function chosenSeed(flags: ChatFlags): number {
  const { seed = randomInt(2 ** 31) } = flags;
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new ConfigError(`--seed cannot be ${seed}`, { why: "it must be a non-negative integer" });
}
