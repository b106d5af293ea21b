/** Adapter files in PEFT's layout: adapter_config.json and adapter_model.safetensors. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openSafetensors, writeSafetensors } from "../format/index.js";
import type { CausalLanguageModel } from "../models/index.js";
import { type DType, empty, type Tensor, tensor, tidy } from "../tensor/index.js";
import { FormatError } from "../util/errors.js";
import {
  adaptersOf,
  attachAdapters,
  type LoraOptions,
  moduleName,
  trainAdapters,
} from "./attach.js";

const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";
const PREFIX = "base_model.model.";

/** What adapter_config.json says, as far as it matters here. */
export interface AdapterConfig extends LoraOptions {
  base_model_name_or_path: string | null;
}

/** Whether a directory holds an adapter. */
export function isAdapterDirectory(directory: string): boolean {
  return existsSync(path.join(directory, CONFIG));
}

/**
 * Reads adapter_config.json.
 *
 * @throws FormatError where it is missing, broken, or asks for a kind of adapter that is not
 *   supported.
 */
export function readAdapterConfig(directory: string): AdapterConfig {
  const file = path.join(directory, CONFIG);
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  } catch (cause) {
    throw new FormatError(`${file} cannot be read`, {
      why: (cause as Error).message,
      todo: "give the directory that contains adapter_config.json",
      cause,
    });
  }
  const refuse = (key: string, expected: string): never => {
    throw new FormatError(
      `${file}: expected ${key} to be ${expected}, got ${JSON.stringify(raw[key])}`,
    );
  };
  if (raw.peft_type !== "LORA") refuse("peft_type", '"LORA"');
  for (const [key, value] of Object.entries({
    use_dora: false,
    bias: "none",
    fan_in_fan_out: false,
  })) {
    if (raw[key] !== undefined && raw[key] !== value) refuse(key, JSON.stringify(value));
  }
  for (const key of ["rank_pattern", "alpha_pattern"]) {
    if (Object.keys((raw[key] as object | null | undefined) ?? {}).length > 0) refuse(key, "empty");
  }
  for (const key of ["modules_to_save", "layers_to_transform"]) {
    if (raw[key] !== undefined && raw[key] !== null) refuse(key, "null");
  }
  const { r, lora_alpha, lora_dropout = 0, target_modules } = raw;
  if (typeof r !== "number" || !Number.isInteger(r) || r < 1)
    return refuse("r", "a positive integer");
  if (typeof lora_alpha !== "number") return refuse("lora_alpha", "a number");
  if (typeof lora_dropout !== "number") return refuse("lora_dropout", "a number");
  const targets = target_modules === "all-linear" ? "all" : target_modules;
  const names = Array.isArray(targets) && targets.every((name) => typeof name === "string");
  if (targets !== "all" && !names) return refuse("target_modules", "a list of names");
  return {
    r,
    lora_alpha,
    lora_dropout,
    target_modules: targets as LoraOptions["target_modules"],
    use_rslora: raw.use_rslora === true,
    base_model_name_or_path:
      typeof raw.base_model_name_or_path === "string" ? raw.base_model_name_or_path : null,
  };
}

/**
 * Attaches the adapter in a directory to a model, in place.
 *
 * @param options.training keeps the adapter's dropout and makes its tensors trainable
 * @throws FormatError where the files are broken or do not fit the model.
 */
export function loadAdapter(
  model: CausalLanguageModel,
  directory: string,
  options: { training?: boolean } = {},
): AdapterConfig {
  const config = readAdapterConfig(directory);
  const file = openSafetensors(path.join(directory, WEIGHTS));
  try {
    const unread = new Set(file.names());
    const read = (name: string, shape: readonly number[]): Tensor => {
      const full = `${PREFIX}${name}`;
      if (!unread.delete(full)) throw new FormatError(`${directory}: the adapter has no ${full}`);
      const { shape: found } = file.info(full);
      if (found.length !== shape.length || found.some((size, i) => size !== shape[i])) {
        throw new FormatError(
          `${directory}: ${full} has shape [${found}], but this model needs [${shape}]`,
          { todo: "use the base model that the adapter was trained on" },
        );
      }
      return readFloats(file, full, shape);
    };
    attachAdapters(model, options.training ? config : { ...config, lora_dropout: 0 }, (layer) => ({
      a: read(`${layer.name}.lora_A.weight`, [config.r, layer.inFeatures]),
      b: read(`${layer.name}.lora_B.weight`, [layer.part.outFeatures, config.r]),
    }));
    if (unread.size > 0) {
      throw new FormatError(
        `${directory}: ${[...unread][0]} does not belong to any layer of this model`,
        {
          why: `${unread.size} weights of the adapter were not used`,
          todo: "use the base model that the adapter was trained on",
        },
      );
    }
  } finally {
    file.close();
  }
  if (options.training) trainAdapters(model);
  return config;
}

const dtypes: Record<string, DType> = { F32: "float32", F16: "float16", BF16: "bfloat16" };

function readFloats(
  file: ReturnType<typeof openSafetensors>,
  name: string,
  shape: readonly number[],
): Tensor {
  const result = empty([...shape], { dtype: "float32" });
  for (const { start, count, dtype, data } of file.chunks(name)) {
    const type = dtypes[dtype];
    if (!type)
      throw new FormatError(`${name} has type ${dtype}, which is not supported for weights`);
    tidy(() => {
      result
        .view([-1])
        .narrow(0, start, count)
        .copy_(tensor(data, [count], type));
    });
  }
  return result;
}

/**
 * Writes the adapters of a model so that PEFT loads them.
 *
 * @param baseModel what the user called the base model
 */
export function saveAdapter(
  model: CausalLanguageModel,
  directory: string,
  options: LoraOptions,
  baseModel: string,
): void {
  const adapters = adaptersOf(model);
  const targets = [...new Set(adapters.map(({ part }) => moduleName(part.name)))].sort();
  const entries = adapters.flatMap(({ a, b }) =>
    [a, b].map(({ name, tensor }) => ({
      name: `${PREFIX}${name}`,
      dtype: "F32" as const,
      shape: [...tensor.shape],
      data: () => tidy(() => tensor.to({ device: "cpu" }).contiguous().bytes()),
    })),
  );
  writeSafetensors(path.join(directory, WEIGHTS), entries, { format: "pt" });
  const config = {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: baseModel,
    r: options.r,
    lora_alpha: options.lora_alpha,
    lora_dropout: options.lora_dropout,
    use_rslora: options.use_rslora ?? false,
    target_modules: targets,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: null,
  };
  writeFileSync(path.join(directory, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
}
