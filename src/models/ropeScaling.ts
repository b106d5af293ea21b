/**
 * The rotary-embedding part of config.json. transformers 5 writes one object `rope_parameters`;
 * before that it was `rope_theta` beside `rope_scaling`, whose type was called `type` at first.
 */
import type { KeyReader } from "../format/index.js";
import type { RopeScaling } from "../nn/index.js";

export interface RopeConfig {
  rope_theta: number;
  rope_scaling: RopeScaling | null;
  partial_rotary_factor: number;
}

const NUMBER_KEYS = [
  "factor",
  "original_max_position_embeddings",
  "low_freq_factor",
  "high_freq_factor",
  "attention_factor",
  "beta_fast",
  "beta_slow",
  "mscale",
  "mscale_all_dim",
] as const;

const REQUIRED: Readonly<Record<string, readonly (keyof RopeScaling)[]>> = {
  linear: ["factor"],
  dynamic: ["factor"],
  yarn: ["factor"],
  llama3: ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"],
  longrope: ["short_factor", "long_factor"],
};

/** Types of scaling whose trained length some files (Phi-3's) have at the top level. */
const TRAINED_AT_TOP = new Set(["llama3", "yarn", "longrope"]);

/** Reads either form. `config` reads the top level of config.json. */
export function parseRope(
  config: KeyReader,
  defaults: { rope_theta: number; partial_rotary_factor?: number },
): RopeConfig {
  const parameters = config.object("rope_parameters") ?? config.object("rope_scaling");
  const partial = config.number("partial_rotary_factor", { above: 0, most: 1 });
  const theta = config.number("rope_theta", { above: 0 });
  const scaling = parameters ? parseScaling(parameters) : null;
  const trained = config.number("original_max_position_embeddings", { whole: true, least: 1 });
  if (scaling && trained !== undefined && TRAINED_AT_TOP.has(scaling.rope_type)) {
    scaling.original_max_position_embeddings = trained;
  }
  return {
    rope_theta: parameters?.number("rope_theta", { above: 0 }) ?? theta ?? defaults.rope_theta,
    rope_scaling: scaling,
    partial_rotary_factor:
      parameters?.number("partial_rotary_factor", { above: 0, most: 1 }) ??
      partial ??
      defaults.partial_rotary_factor ??
      1,
  };
}

function parseScaling(keys: KeyReader): RopeScaling | null {
  const type = keys.string("rope_type") ?? keys.string("type");
  if (type === undefined) {
    if (keys.has("full_attention") || keys.has("sliding_attention")) {
      keys.fail("rope_type", "parameters for each layer type are not supported");
    }
    return keys.has("factor") ? keys.fail("rope_type", "is missing") : null;
  }
  if (type === "default") return null;
  const scaling: RopeScaling = { rope_type: type };
  for (const key of NUMBER_KEYS) {
    const value = keys.number(key, { least: 0 });
    if (value !== undefined) scaling[key] = value;
  }
  const truncate = keys.boolean("truncate");
  if (truncate !== undefined) scaling.truncate = truncate;
  for (const key of ["short_factor", "long_factor"] as const) {
    const list = keys.numbers(key);
    if (list) scaling[key] = list;
  }
  for (const key of REQUIRED[type] ?? []) {
    if (scaling[key] === undefined) keys.fail(key, `is missing, \`${type}\` scaling needs it`);
  }
  return scaling;
}
