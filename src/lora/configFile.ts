/**
 * adapter_config.json, as PEFT 0.3 to 0.21 writes it. Every key has a meaning here with values that
 * are understood; anything else is refused, because the adapter would compute something else.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { FormatError } from "../util/errors.js";
import { excerpt } from "../util/excerpt.js";
import { defaultSettings, type InitialWeights, type LoraSettings } from "./settings.js";

const CONFIG = "adapter_config.json";

/** What adapter_config.json says. */
export interface AdapterConfig extends LoraSettings {
  base_model_name_or_path: string | null;
  /** Branch, tag or commit of the base model on the hub. */
  revision: string | null;
  /** Directories of the adapters that lie under this one, relative to its own; the lowest first. */
  adapters_below: readonly string[];
  /** Rows that embedding and output head have with it, where it brings tokens that the model lacks. */
  vocabulary_rows: number | null;
  /** The file as it was, for what is kept when it is written again. */
  stored: Readonly<Record<string, unknown>>;
}

const names = z.array(z.string());
const numbers = z
  .record(z.string(), z.number())
  .nullish()
  .transform((pattern) => pattern ?? {});
const ranks = z
  .record(z.string(), z.number().int().min(1))
  .nullish()
  .transform((pattern) => pattern ?? {});
const rows = z.array(z.number().int().min(0));
/** PEFT takes null for false. */
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

/** The keys that are read, with the defaults that PEFT gives them. */
const settingKeys = {
  r: z.number().int().min(1).default(8),
  lora_alpha: z.number().default(8),
  lora_dropout: z
    .number()
    .min(0)
    .lt(1)
    .nullish()
    .transform((p) => p ?? 0),
  target_modules: z
    .union([z.string(), names])
    .nullish()
    .transform((value) => value ?? null),
  exclude_modules: z.union([z.string(), names]).nullable().default(null),
  layers_to_transform: z
    .union([z.number().int(), z.array(z.number().int())])
    .nullable()
    .default(null),
  layers_pattern: z.union([z.string(), names]).nullable().default(null),
  rank_pattern: ranks,
  alpha_pattern: numbers,
  use_rslora: flag,
  use_dora: flag,
  lora_bias: flag,
  bias: z.enum(["none", "all", "lora_only"]).default("none"),
  modules_to_save: names.nullable().default(null),
  trainable_token_indices: z
    .union([rows, z.record(z.string(), rows)])
    .nullable()
    .default(null),
  ensure_weight_tying: flag,
  init_lora_weights: z.union([z.boolean(), z.string()]).default(true),
  base_model_name_or_path: z
    .string()
    .nullish()
    .transform((name) => name || null),
  revision: z.string().nullable().default(null),
  adapters_below: names.default([]),
  vocabulary_rows: z.number().int().min(1).nullable().default(null),
};

/** Keys that say nothing about what the adapter computes: who wrote it, how it began, how it ran. */
const harmless = new Set([
  "auto_mapping",
  "peft_version",
  "inference_mode",
  "runtime_config",
  "megatron_core",
  "qalora_group_size",
  "eva_config",
  "loftq_config",
  "corda_config",
  "lora_ga_config",
  "merge_weights",
  "lora_dtype",
  "lorap_lr_ratio",
  "lorap_emb_lr",
]);

const merge =
  'merge it in Python: PeftModel.from_pretrained(BASE, DIR).merge_and_unload().save_pretrained("merged"), and use the merged model';

/** Keys of variants that compute something else, and what they are. They have to be off. */
const variants: Readonly<Record<string, string>> = {
  alora_invocation_tokens: "it acts only behind certain tokens (aLoRA), and cannot be merged",
  arrow_config: "it chooses among several adapters (Arrow)",
  enable_lora: "it adapts some columns of a fused layer",
  kasa_config: "it cuts singular values out of the base model (KaSA)",
  layer_replication: "it repeats layers of the base model",
  megatron_config: "it is for Megatron's parallel layers",
  monteclora_config: "it draws random weights (MonteCLoRA)",
  target_parameters: "it adapts parameters that are not layers",
  use_bdlora: "its matrices are block-diagonal (BD-LoRA)",
  use_qalora: "it averages groups of inputs (QA-LoRA)",
  velora_config: "it is trained with compressed activations (VeLoRA)",
};

/** Ways of beginning that leave the base model as it is: what is in the file is all. */
const plainBeginnings = ["gaussian", "orthogonal", "eva", "mica"];

/** Whether an adapter begins with a part that is taken out of the base model, and can be again. */
export function takesPart(beginning: InitialWeights): beginning is string {
  return typeof beginning === "string" && ["pissa", "olora"].includes(beginning.toLowerCase());
}

const convert =
  'convert it where it was trained: peft_model.save_pretrained("plain", path_initial_model_for_weight_conversion=INITIAL), with the adapter as it was before training in INITIAL';

/** Why an `init_lora_weights` is refused; undefined for those that are understood. */
function refusalOfBeginning(value: boolean | string): { why: string; todo: string } | undefined {
  if (typeof value === "boolean") return undefined;
  const word = value.toLowerCase();
  if (plainBeginnings.includes(word) || takesPart(word)) return undefined;
  if (/^pissa_niter_\d+$/.test(word))
    return { why: "it took a random approximation out of the base model (PiSSA)", todo: convert };
  const changed: Record<string, string> = {
    corda: "it took what depends on data out of the base model (CorDA)",
    lora_ga: "it took what depends on gradients out of the base model (LoRA-GA)",
    loftq: "it was trained on weights that LoftQ had quantized",
  };
  const why = changed[word];
  if (why === undefined) return { why: "this way of beginning is unknown", todo: merge };
  return { why, todo: word === "loftq" ? merge : convert };
}

/** Whether a directory holds an adapter. */
export function isAdapterDirectory(directory: string): boolean {
  return existsSync(path.join(directory, CONFIG));
}

/**
 * Reads adapter_config.json.
 *
 * @param family `model_type` of the base model, for files that leave the targets to it
 * @throws FormatError where it is missing or broken; where it has a key, or a key has a value, that
 *   is not understood, with what makes the adapter plain
 */
export function readAdapterConfig(directory: string): AdapterConfig {
  const file = path.join(directory, CONFIG);
  const stored = readObject(file);
  checkKeys(stored, file);
  const parsed = z.object(settingKeys).safeParse(stored);
  if (!parsed.success) {
    const [
      {
        path: [key],
        message,
      } = { path: [], message: "" },
    ] = parsed.error.issues;
    throw new FormatError(`${file}: ${String(key)} is ${shown(stored[String(key)])}`, {
      why: message,
      todo: "compare the file with one that PEFT wrote",
    });
  }
  const { target_modules: targets, ...settings } = parsed.data;
  const refusal = refusalOfBeginning(settings.init_lora_weights);
  if (refusal) throw refused(file, "init_lora_weights", stored, refusal);
  if (settings.lora_bias && settings.use_dora) {
    throw refused(file, "lora_bias", stored, {
      why: "PEFT has no lora_bias together with use_dora",
      todo: "compare the file with one that PEFT wrote",
    });
  }
  return { ...settings, target_modules: ofAllLinear(targets), stored };
}

/** PEFT's shorthand in any case; without targets, those of the families that are computed here. */
function ofAllLinear(targets: string | string[] | null): LoraSettings["target_modules"] {
  if (targets === null) return ["q_proj", "v_proj"];
  if (typeof targets === "string" && targets.toLowerCase() === "all-linear") return "all-linear";
  return targets;
}

function readObject(file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (cause) {
    throw new FormatError(`${file} cannot be read`, {
      why: (cause as Error).message,
      todo: "give the directory that contains adapter_config.json",
      cause,
    });
  }
  throw new FormatError(`${file} is not a JSON object`, {
    todo: "give the directory that contains adapter_config.json",
  });
}

/** Refuses what is not understood: keys by their name, values by key and value. */
function checkKeys(stored: Readonly<Record<string, unknown>>, file: string): void {
  const { peft_type: type, task_type: task } = stored;
  if (type === undefined) {
    throw new FormatError(`${file} has no peft_type`, {
      why: "it was not written by PEFT, whose adapters are read (MLX writes a file of this name too)",
      todo: "convert the adapter to PEFT's layout with the program that made it, or merge it there and use the merged model",
    });
  }
  if (type !== "LORA") {
    throw refused(file, "peft_type", stored, {
      why: "only LoRA adapters can be loaded",
      todo: merge,
    });
  }
  if (task !== undefined && task !== null && task !== "CAUSAL_LM") {
    throw refused(file, "task_type", stored, {
      why: "it does not belong to a model that writes text (CAUSAL_LM)",
      todo: "use an adapter of a causal language model",
    });
  }
  for (const [key, value] of Object.entries(stored)) {
    if (key in settingKeys || harmless.has(key) || key === "peft_type" || key === "task_type")
      continue;
    if (key === "fan_in_fan_out") {
      if (value === false || value === null) continue;
      throw refused(file, key, stored, {
        why: "it is for layers that store their weight turned (GPT-2), which this model does not have",
        todo: "set it to false, as PEFT does with a warning",
      });
    }
    const why = variants[key];
    if (why === undefined) {
      throw new FormatError(`${file}: the key ${key} is unknown`, {
        why: `it is ${shown(value)}, and what it does to the adapter is not known here`,
        todo: merge,
      });
    }
    if (!isOff(value)) throw refused(file, key, stored, { why, todo: merge });
  }
}

function isOff(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === null || value === false;
}

function refused(
  file: string,
  key: string,
  stored: Readonly<Record<string, unknown>>,
  detail: { why: string; todo: string },
): FormatError {
  return new FormatError(`${file}: ${key} ${shown(stored[key])} is not supported`, detail);
}

function shown(value: unknown): string {
  return excerpt(JSON.stringify(value) ?? "missing");
}

/** What PEFT 0.21 writes for an adapter that uses none of these. */
const absent = {
  alora_invocation_tokens: null,
  arrow_config: null,
  auto_mapping: null,
  corda_config: null,
  eva_config: null,
  fan_in_fan_out: false,
  kasa_config: null,
  layer_replication: null,
  loftq_config: {},
  lora_ga_config: null,
  megatron_config: null,
  megatron_core: "megatron.core",
  monteclora_config: null,
  qalora_group_size: 16,
  target_parameters: null,
  use_bdlora: null,
  use_qalora: false,
  velora_config: null,
};

/** Writes adapter_config.json with every key that PEFT writes, in its order. */
export function writeAdapterConfig(directory: string, config: AdapterConfig): void {
  const { stored, adapters_below: below, vocabulary_rows: rows, ...settings } = config;
  const written: Record<string, unknown> = {
    ...absent,
    ...stored,
    ...settings,
    ...(below.length > 0 ? { adapters_below: below } : {}),
    ...(rows === null ? {} : { vocabulary_rows: rows }),
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    inference_mode: true,
  };
  if (below.length === 0) delete written.adapters_below;
  const sorted = Object.fromEntries(
    Object.entries(written).sort(([one], [other]) => (one < other ? -1 : 1)),
  );
  writeFileSync(path.join(directory, CONFIG), `${JSON.stringify(sorted, null, 2)}\n`);
}

/** The configuration of a new adapter. @param baseModel what the user calls the base model */
export function newAdapterConfig(
  settings: Partial<LoraSettings>,
  baseModel: string | null,
): AdapterConfig {
  return {
    ...defaultSettings,
    ...settings,
    base_model_name_or_path: baseModel,
    revision: null,
    adapters_below: [],
    vocabulary_rows: null,
    stored: {},
  };
}
