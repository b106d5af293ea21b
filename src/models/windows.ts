/** Which layers attend within a window: `layer_types` of config.json, or a family's pattern. */
import { type GgufField, type KeyReader, keyReader } from "../format/index.js";
import { ConfigError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";

const WINDOWED = "sliding_attention";
const WHOLE = "full_attention";

/** The window of a GGUF file; null for none, which some files write as 0. */
export function ggufWindow(keys: KeyReader): number | null {
  return keys.number("attention.sliding_window", { whole: true, least: 0 }) || null;
}

/** The way back of {@link ggufWindow}. */
export function windowField({ sliding_window: window }: ModelConfig): Record<string, GgufField> {
  return { "attention.sliding_window": { uint32: window ?? 0 } };
}

/**
 * `layer_types` of a GGUF file: of each period of layers the last attends to everything.
 *
 * @param period where the file does not say
 */
export function ggufLayerTypes(
  { num_hidden_layers: layers, sliding_window: window }: Record<string, unknown>,
  keys: KeyReader,
  period: number,
): string[] {
  const key = "attention.sliding_window_pattern";
  const every = keys.number(key, { whole: true, least: 1 }) ?? period;
  return Array.from({ length: Number(layers) }, (_, layer) =>
    window !== null && (layer + 1) % every !== 0 ? WINDOWED : WHOLE,
  );
}

/**
 * Whether each layer attends within the window.
 *
 * @param where the file, for messages
 * @param pattern what holds where the file does not say, by index of the layer
 * @throws FormatError where the file names another kind, or not one for each layer
 */
export function windowedLayers(
  { raw, num_hidden_layers: layers, sliding_window: window }: ModelConfig,
  where: string,
  pattern: (layer: number) => boolean,
): boolean[] {
  const keys = keyReader(raw, where);
  const types = keys.strings("layer_types");
  if (types && types.length !== layers) {
    keys.fail("layer_types", `has ${types.length} entries for ${layers} layers`);
  }
  const unknown = types?.find((type) => type !== WINDOWED && type !== WHOLE);
  if (unknown !== undefined) {
    keys.fail("layer_types", `has "${unknown}"; supported are ${WINDOWED} and ${WHOLE}`);
  }
  const windowed = Array.from({ length: layers }, (_, layer) =>
    types ? types[layer] === WINDOWED : pattern(layer),
  );
  if (window === null && windowed.includes(true)) {
    keys.fail("sliding_window", `is missing, and ${WINDOWED} layers need it`);
  }
  return windowed;
}

/** @throws ConfigError where a family whose layers are all alike is told that they differ */
export function refuseMixedLayers({ raw, model_type, sliding_window: window }: ModelConfig): void {
  const types = raw.layer_types;
  const expected = window === null ? WHOLE : WINDOWED;
  if (!Array.isArray(types) || types.every((type) => type === expected)) return;
  throw new ConfigError(`layer_types that differ are not supported for ${model_type} models`, {
    why: `all layers of this family attend alike, here as ${expected}`,
    todo: "remove layer_types from config.json, or set sliding_window to what all layers have",
  });
}
