/** A model's weights as the tensors of a GGUF file: names, order of rows, types. */
import {
  encodeBlocks,
  type GgufEntry,
  type GgufWrittenType,
  WEIGHT_DTYPE_BYTES,
  type WeightEntry,
} from "../format/index.js";
import { type DType, releaseBytes, tensor, tidy } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";
import { chooseType, type GgufFileType } from "./ggufMix.js";
import { normalizedRows } from "./output.js";
import type { GgufLayout } from "./types.js";

/** A tensor of the file, as rows of a weight. */
export interface GgufPart {
  /** GGUF's name. */
  name: string;
  /** Its first row in the weight, and how many it has. */
  first: number;
  rows: number;
  /** Rows of a head that are put in llama.cpp's order, or 0. */
  rowsOfHead: number;
}

/** Where the rows of a tensor come from. */
interface Source extends GgufPart {
  entry: WeightEntry;
  /** Whether rows are divided by their norms (NormHead). */
  normalizes: boolean;
}

/** The tensors of a file, and what should be known of them. */
export interface GgufTensors {
  entries: GgufEntry[];
  /** Tensors whose rows are not whole blocks of the type that they should have. */
  fallbacks: { name: string; wanted: string; type: string }[];
}

/**
 * @param weights the model's weights, by Hugging Face's names
 * @param normalizesHead whether rows of the output head are to be divided by their norms
 * @throws ConfigError for a weight that the architecture has no tensor for
 */
export function ggufTensors(
  weights: readonly WeightEntry[],
  config: ModelConfig,
  layout: GgufLayout,
  file: GgufFileType,
  normalizesHead: boolean,
): GgufTensors {
  const partsOf = partsBy(layout, config);
  const isTied = !weights.some(({ name }) => name === HEAD);
  const fallbacks: GgufTensors["fallbacks"] = [];
  const entries = headFirst(weights).flatMap((entry) => {
    const normalizes = normalizesHead && entry.name === HEAD;
    return partsOf(entry.name, entry.shape[0]!).map((part) => {
      const { name, rows } = part;
      const source: Source = { ...part, entry, normalizes };
      const shape = [rows, ...entry.shape.slice(1)];
      const isHead = name === "output.weight" || (isTied && name === "token_embd.weight");
      const { type, instead } = chooseType({ name, shape }, file, config, isHead);
      if (instead) fallbacks.push({ name, wanted: instead, type });
      return { name, type, shape, data: () => tensorBytes(source, type) };
    });
  });
  return { entries, fallbacks };
}

const HEAD = "lm_head.weight";

/** Embedding and output head are read together, so they should follow each other. */
function headFirst(weights: readonly WeightEntry[]): WeightEntry[] {
  const isOuter = ({ name }: WeightEntry) => name === HEAD || name === "model.embed_tokens.weight";
  return [...weights.filter(isOuter), ...weights.filter((entry) => !isOuter(entry))];
}

/**
 * Finds the tensors that a weight becomes.
 *
 * @returns a function of the weight's name and its rows, which throws ConfigError for a weight that the
 *   architecture has no tensor for
 */
export function partsBy(
  { names, split = {}, interleavesHeads }: GgufLayout,
  config: ModelConfig,
): (name: string, rows: number) => GgufPart[] {
  const ggufNames = new Map(Object.entries(names).map(([gguf, own]) => [own, gguf]));
  return (name, rows) => {
    const [, layer] = /\.layers\.(\d+)\./.exec(name) ?? [];
    const [, module, suffix] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
    const general = (module ?? name).replace(`.layers.${layer}.`, ".layers.N.");
    const direct = ggufNames.get(general);
    const targets = split[general] ?? (direct === undefined ? [] : [direct]);
    if (suffix === undefined || targets.length === 0) {
      throw new ConfigError(`the weight ${name} cannot be written as GGUF`, {
        why: "llama.cpp's architecture for this model has no such tensor",
        todo: "export safetensors instead",
      });
    }
    const own = rows / targets.length;
    return targets.map((target, part) => ({
      name: `${target.replace("blk.N.", `blk.${layer}.`)}.${suffix}`,
      first: part * own,
      rows: own,
      rowsOfHead: interleavesHeads ? rowsOfHead(target, own, config) : 0,
    }));
  };
}

/** Rows of a head of q and k, whose order llama.cpp changes; 0 for other tensors. */
function rowsOfHead(name: string, rows: number, config: ModelConfig): number {
  const part = /\.attn_([qk])$/.exec(name)?.[1];
  if (!part) return 0;
  return rows / (part === "q" ? config.num_attention_heads : config.num_key_value_heads);
}

const dtypes: Partial<Record<WeightEntry["dtype"], DType>> = {
  F32: "float32",
  BF16: "bfloat16",
  F16: "float16",
};

function* tensorBytes(
  { entry, normalizes, ...part }: Source,
  type: GgufWrittenType,
): Generator<Uint8Array, void, void> {
  const row = entry.shape.slice(1).reduce((product, size) => product * size, 1);
  const rowBytes = row * WEIGHT_DTYPE_BYTES[entry.dtype];
  const data = entry.data();
  const whole = data instanceof Uint8Array ? data : Buffer.concat([...data]);
  const own = whole.subarray(part.first * rowBytes, (part.first + part.rows) * rowBytes);
  if (normalizes) {
    yield* normalizedBlocks(own, entry, type);
  } else {
    yield* encodeBlocks(interleaveRows(own, part), entry.dtype, type, entry.name);
  }
  releaseBytes(whole);
}

/** Rows of a head as llama.cpp rotates them: element `i` of half `j` becomes row `2 i + j`. */
export function interleaveRows(data: Uint8Array, { rows, rowsOfHead }: GgufPart): Uint8Array {
  if (rowsOfHead === 0) return data;
  const out = new Uint8Array(data.length);
  const rowBytes = data.length / rows;
  const half = rowsOfHead / 2;
  for (let row = 0; row < rows; row++) {
    const inHead = row % rowsOfHead;
    const to = row - inHead + 2 * (inHead % half) + Math.floor(inHead / half);
    out.set(data.subarray(row * rowBytes, (row + 1) * rowBytes), to * rowBytes);
  }
  return out;
}

/** Rows that are normalized at once: bounds the memory for float32 copies. */
const ROWS = 4096;

function* normalizedBlocks(
  data: Uint8Array,
  { name, shape: [rows = 0, width = 0], dtype }: WeightEntry,
  type: GgufWrittenType,
): Generator<Uint8Array, void, void> {
  const rowBytes = data.length / rows;
  for (let start = 0; start < rows; start += ROWS) {
    const count = Math.min(ROWS, rows - start);
    const bytes = tidy(() => {
      const part = data.subarray(start * rowBytes, (start + count) * rowBytes);
      return normalizedRows(tensor(part, [count, width], dtypes[dtype])).bytes();
    });
    yield* encodeBlocks(bytes, "F32", type, name);
    releaseBytes(bytes);
  }
}
