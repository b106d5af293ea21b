/** Writes a model as one GGUF file. */
import {
  type GgufField,
  ggufEntryBytes,
  type WeightEntry,
  writeGgufFile,
} from "../format/index.js";
import { tidy } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";
import { describeModel } from "./describe.js";
import { ggufFields } from "./ggufFields.js";
import { fileTypeNumbers, type GgufFileType } from "./ggufMix.js";
import { type GgufPart, ggufTensors, partsBy } from "./ggufTensors.js";
import { families } from "./registry.js";
import type { GgufLayout } from "./types.js";

/** A model that is to be written. */
export interface GgufModel {
  config: ModelConfig;
  /** Its weights by Hugging Face's names; each may be asked for more than once. */
  weights: readonly WeightEntry[];
  /** `tokenizer.*` and what else the file should say. */
  fields: ReadonlyMap<string, GgufField>;
  /** Name of the model. */
  name: string;
  type: GgufFileType;
}

/** A file that is ready to be written. */
export interface GgufPlan {
  /** Bytes of its tensors. */
  bytes: number;
  tensors: number;
  /** What should be known of it, a line each. */
  notes: string[];
  /**
   * Streams the file, under another name until it is whole.
   *
   * @param onTensor is told how many tensors are written
   */
  write(path: string, onTensor?: (done: number) => void): void;
}

/**
 * Plans a file; no weight is read before it is written.
 *
 * @throws ConfigError for a model that llama.cpp has no architecture for
 */
export function planGguf({ config, weights, fields, name, type }: GgufModel): GgufPlan {
  const layout = layoutOf(config);
  const { hasRotary, normalizesHead } = tidy(() => {
    const { rotary, output } = describeModel(config);
    return { hasRotary: rotary !== null, normalizesHead: output.normalizesRows };
  });
  const { architecture } = layout;
  const { fields: common, ropeFactors } = ggufFields(config, layout, hasRotary);
  const { fields: own = {}, vectors = {} } = layout.own?.(config) ?? {};
  const { entries, fallbacks } = ggufTensors(weights, config, layout, type, normalizesHead);
  const shortVectors = ropeFactors ? { ...vectors, "rope_freqs.weight": ropeFactors } : vectors;
  for (const [tensor, values] of Object.entries(shortVectors)) {
    const data = () => new Uint8Array(values.buffer);
    entries.push({ name: tensor, type: "F32", shape: [values.length], data });
  }
  const isQuantized = !["F32", "F16", "BF16"].includes(type);
  const metadata = new Map<string, GgufField>([
    ["general.architecture", architecture],
    ["general.type", "model"],
    ["general.name", name],
    ["general.file_type", { uint32: fileTypeNumbers[type] }],
    ...(isQuantized ? [["general.quantization_version", { uint32: 2 }] as const] : []),
    ...common,
    ...Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, value] as const),
    ...fields,
  ]);
  return {
    bytes: entries.reduce((sum, entry) => sum + ggufEntryBytes(entry), 0),
    tensors: entries.length,
    notes: [...fallbackNotes(fallbacks), ...windowNotes(config, layout), ...scalingNotes(config)],
    write: (path, onTensor) => writeGgufFile(path, metadata, entries, onTensor),
  };
}

/**
 * Where the weights of a model are in its GGUF file.
 *
 * @throws ConfigError for a model that llama.cpp has no architecture for
 */
export function ggufParts(config: ModelConfig): {
  architecture: string;
  /** The tensors that a weight becomes, by its name and rows. @throws ConfigError where there is none */
  parts: (name: string, rows: number) => GgufPart[];
} {
  const layout = layoutOf(config);
  return { architecture: layout.architecture, parts: partsBy(layout, config) };
}

/** How files of a model are laid out. @throws ConfigError for a model that llama.cpp does not compute */
function layoutOf(config: ModelConfig): GgufLayout {
  const family = families[config.model_type];
  const layout = family?.ggufLayout?.(config) ?? family?.gguf;
  if (layout) return layout;
  const known = Object.entries(families).filter(([, one]) => one.gguf || one.ggufLayout);
  throw new ConfigError(`${config.model_type} models are not written as GGUF`, {
    why: `these are: ${known.map(([modelType]) => modelType).join(", ")}`,
    todo: "export safetensors instead",
  });
}

function fallbackNotes(
  fallbacks: readonly { name: string; wanted: string; type: string }[],
): string[] {
  const byTypes = new Map<string, string[]>();
  for (const { name, wanted, type } of fallbacks) {
    const key = `${type} instead of ${wanted}`;
    byTypes.set(key, [...(byTypes.get(key) ?? []), name]);
  }
  return [...byTypes].map(([types, names]) => {
    const which = names.length === 1 ? names[0]! : `${names.length} tensors (${names[0]}, …)`;
    return `${which}: ${types}, since their rows are not whole blocks of it.`;
  });
}

function scalingNotes({
  rope_scaling: scaling,
  max_position_embeddings: longest,
}: ModelConfig): string[] {
  if (scaling?.rope_type !== "dynamic") return [];
  const trained = scaling.original_max_position_embeddings ?? longest;
  return [
    `Dynamic rotary scaling is not in the file, since llama.cpp has none: texts of more than ${trained} tokens are computed differently there.`,
  ];
}

function windowNotes({ sliding_window: window }: ModelConfig, layout: GgufLayout): string[] {
  if (window === null || layout.hasWindows) return [];
  return [
    `Attention reaches back ${window} tokens in some layers of this model. llama.cpp's ${layout.architecture} models attend to all of a text: longer texts are computed differently there.`,
  ];
}
