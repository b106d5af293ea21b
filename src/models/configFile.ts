/** config.json of a model directory, read and written by the rules of its family. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { keyReader, readJsonObject } from "../format/index.js";
import { writeFileAtomic } from "../util/atomicFile.js";
import {
  entriesOf,
  fileStyle,
  isJsonObject,
  parseJson,
  stringifyJson,
} from "../util/json/index.js";
import type { ModelConfig } from "./config.js";
import { modelFamily } from "./registry.js";

/**
 * Reads `config.json` of a model directory.
 *
 * @throws FormatError when it is missing, not JSON, or a key is missing or wrong; ConfigError for a
 *   family that is not supported
 */
export function readModelConfig(directory: string): ModelConfig {
  const path = join(directory, "config.json");
  const config = configure(readJsonObject(path), path);
  const stored = parseJson(readFileSync(path, "utf8"));
  return isJsonObject(stored) ? { ...config, stored } : config;
}

/** A parsed config.json by the rules of its family. @param where the file, for messages */
export function configure(raw: Record<string, unknown>, where: string): ModelConfig {
  const keys = keyReader(raw, where);
  const modelType = keys.string("model_type") ?? keys.fail("model_type", "is missing");
  return modelFamily(modelType).configure(raw, where);
}

/**
 * Writes `config.json` into `directory`: everything that was read, with the keys whose values in
 * `config` were changed since.
 */
export function writeModelConfig(directory: string, config: ModelConfig): void {
  const path = join(directory, "config.json");
  const { raw, stored = {}, ...values } = config;
  const family = modelFamily(config.model_type);
  const { raw: _, stored: _stored, ...before } = family.configure(raw, path);
  const changed = (key: keyof typeof before) => !isDeepStrictEqual(values[key], before[key]);
  const out: Record<string, unknown> = { ...raw, ...Object.fromEntries(entriesOf(stored)) };
  // Weights are written as values, whatever they were read from.
  delete out.quantization_config;
  for (const key of Object.keys(values) as (keyof typeof before)[]) {
    if (ROPE_KEYS.has(key) || !changed(key)) continue;
    const ids = key === "eos_token_id" ? values.eos_token_id : undefined;
    const value = ids && ids.length < 2 ? (ids[0] ?? null) : values[key];
    const own = family.keys?.[key];
    if (own !== undefined) out[own] = value;
    if (own === undefined || Object.hasOwn(raw, key)) out[key] = value;
    if (key === "dtype") delete out.torch_dtype;
  }
  if ([...ROPE_KEYS].some((key) => changed(key as keyof typeof before))) {
    for (const key of [...ROPE_KEYS, "rope_parameters"]) delete out[key];
    out.rope_parameters = {
      rope_type: "default",
      ...values.rope_scaling,
      rope_theta: values.rope_theta,
      ...(values.partial_rotary_factor === 1
        ? {}
        : { partial_rotary_factor: values.partial_rotary_factor }),
    };
  }
  writeFileAtomic(path, `${stringifyJson(out, fileStyle)}\n`);
}

const ROPE_KEYS: ReadonlySet<string> = new Set([
  "rope_theta",
  "rope_scaling",
  "partial_rotary_factor",
]);
