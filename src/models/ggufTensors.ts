/** A model's weights as the tensors of a GGUF file: names, order of rows, types. */
import {
  encodeBlocks,
  type GgufEntry,
  type GgufWrittenType,
  WEIGHT_DTYPE_BYTES,
  type WeightEntry,
} from "../format/index.js";
import { releaseBytes, tensor, tidy } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";
import { chooseType, type GgufFileType } from "./ggufMix.js";
import { normalizedRows } from "./output.js";
import type { GgufLayout } from "./types.js";
import { writtenDTypes } from "./weightTypes.js";

/** Rows that follow each other. */
export interface RowRun {
  first: number;
  rows: number;
}

/** A tensor of the file, as rows of a weight. */
export interface GgufPart {
  /** GGUF's name. */
  name: string;
  /** Where its rows are in the weight, in order. */
  runs: readonly RowRun[];
  /** All of its rows. */
  rows: number;
  /** Rows of a head that are put in llama.cpp's order, or 0. */
  rowsOfHead: number;
}

/** Where the rows of a tensor come from. */
interface Source extends GgufPart {
  entry: WeightEntry;
  /** Whether rows are divided by their norms (NormHead). */
  normalizes: boolean;
  /** What is added to each value. */
  offset: number;
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
  const [head, embedding] = ["output", "token_embd"].map((key) => `${layout.names[key]}.weight`);
  const isTied = !weights.some(({ name }) => name === head);
  const fallbacks: GgufTensors["fallbacks"] = [];
  // Embedding and output head are read together, so they should follow each other.
  const isOuter = ({ name }: WeightEntry) => name === head || name === embedding;
  const ordered = [...weights.filter(isOuter), ...weights.filter((entry) => !isOuter(entry))];
  const entries = ordered.flatMap((entry) => {
    const normalizes = normalizesHead && entry.name === head;
    return partsOf(entry.name, entry.shape[0]!).map((part) => {
      const { name, rows } = part;
      const offset = name.endsWith("_norm.weight") ? (layout.normOffset ?? 0) : 0;
      const source: Source = { ...part, entry, normalizes, offset };
      const shape = [rows, ...entry.shape.slice(1)];
      const isHead = name === "output.weight" || (isTied && name === "token_embd.weight");
      const { type, instead } = chooseType({ name, shape }, file, config, isHead);
      if (instead) fallbacks.push({ name, wanted: instead, type });
      return { name, type, shape, data: () => tensorBytes(source, type) };
    });
  });
  return { entries, fallbacks };
}

/**
 * Finds the tensors that a weight becomes.
 *
 * @returns a function of the weight's name and its rows, which throws ConfigError for a weight that the
 *   architecture has no tensor for
 */
export function partsBy(
  { names, split = {}, splitsByGroups = false, interleavesHeads }: GgufLayout,
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
    return targets.map((target, part) => {
      const all = rows / targets.length;
      const isGrouped = splitsByGroups && targets.length > 1;
      const runs = isGrouped ? groupedRuns(part, config) : [{ first: part * all, rows: all }];
      const own = runs.reduce((sum, run) => sum + run.rows, 0);
      return {
        name: `${target.replace("blk.N.", `blk.${layer}.`)}.${suffix}`,
        runs,
        rows: own,
        rowsOfHead: interleavesHeads ? rowsOfHead(target, own, config) : 0,
      };
    });
  };
}

/** The rows of q, k or v where these follow each other by key heads. */
function groupedRuns(
  part: number,
  { num_attention_heads: heads, num_key_value_heads: keyHeads, head_dim: headDim }: ModelConfig,
): RowRun[] {
  const shared = heads / keyHeads;
  const [start, count] = part === 0 ? [0, shared] : [shared + part - 1, 1];
  return Array.from({ length: keyHeads }, (_, group) => ({
    first: (group * (shared + 2) + start) * headDim,
    rows: count * headDim,
  }));
}

/** Rows of a head of q and k, whose order llama.cpp changes; 0 for other tensors. */
function rowsOfHead(name: string, rows: number, config: ModelConfig): number {
  const part = /\.attn_([qk])$/.exec(name)?.[1];
  if (!part) return 0;
  return rows / (part === "q" ? config.num_attention_heads : config.num_key_value_heads);
}

function* tensorBytes(
  { entry, normalizes, offset, ...part }: Source,
  type: GgufWrittenType,
): Generator<Uint8Array, void, void> {
  const row = entry.shape.slice(1).reduce((product, size) => product * size, 1);
  const rowBytes = row * WEIGHT_DTYPE_BYTES[entry.dtype];
  const data = entry.data();
  const whole = data instanceof Uint8Array ? data : Buffer.concat([...data]);
  const pieces = part.runs.map(({ first, rows }) =>
    whole.subarray(first * rowBytes, (first + rows) * rowBytes),
  );
  const own = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  if (normalizes) {
    yield* normalizedBlocks(own, entry, type);
  } else if (offset !== 0) {
    yield* encodeBlocks(shifted(own, entry, offset), "F32", type, entry.name);
  } else {
    yield* encodeBlocks(interleaveRows(own, part), entry.dtype, type, entry.name);
  }
  releaseBytes(whole);
}

/** A number added to each value, in float32. */
function shifted(data: Uint8Array, { shape, dtype }: WeightEntry, offset: number): Uint8Array {
  return tidy(() => {
    const values = tensor(data, [...shape], writtenDTypes[dtype]).to({ dtype: "float32" });
    return values.add(offset).bytes().slice();
  });
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
      return normalizedRows(tensor(part, [count, width], writtenDTypes[dtype])).bytes();
    });
    yield* encodeBlocks(bytes, "F32", type, name);
    releaseBytes(bytes);
  }
}
