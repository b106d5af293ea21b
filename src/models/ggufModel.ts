/** A GGUF file as a model: its configuration, and its weights under Hugging Face's names. */
import {
  elementCount,
  type FileReader,
  type GgufFile,
  type GgufTensor,
  readGguf,
  type WeightChunk,
  type WeightInfo,
} from "../format/index.js";
import { FormatError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";
import { ggufConfig, ggufFamily } from "./ggufConfig.js";
import type { GgufLayout, ModelSource } from "./types.js";

interface Weight {
  /** Names in the file, of the parts whose rows follow each other. */
  stored: string[];
  /** Of each part the rows of a head whose order has to be undone, or 0. */
  permutedRows: number[];
}

/**
 * Reads a GGUF model. The open file belongs to the source from now on.
 *
 * @throws FormatError when the file is not valid, the architecture or a tensor's type is not
 *   supported, or metadata and tensors disagree
 */
export function readGgufModel(opened: FileReader): ModelSource {
  const file = readGguf(opened);
  const { path, header } = file;
  try {
    const family = ggufFamily(header, path);
    const config = ggufConfig(header, path, family, ropeFactors(file));
    const weights = collectWeights(file, config, family.layout);
    const find = (name: string) => {
      const found = weights.get(name);
      if (!found) throw new FormatError(`${path}: has no tensor \`${name}\``);
      return found;
    };
    return {
      kind: "gguf",
      config,
      names: () => [...weights.keys()],
      info: (name) => joinedInfo(file, find(name)),
      chunks: (name, maxElements) => joinedChunks(file, find(name), maxElements),
      close: file.close,
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

function joinedInfo(file: GgufFile, { stored }: Weight): WeightInfo {
  const infos = stored.map((name) => file.info(name));
  const [rows, ...rest] = infos[0]!.shape;
  return { ...infos[0]!, shape: [rows! * stored.length, ...rest] };
}

function* joinedChunks(
  file: GgufFile,
  { stored, permutedRows }: Weight,
  maxElements: number | undefined,
): Generator<WeightChunk, void, void> {
  let before = 0;
  for (const [part, name] of stored.entries()) {
    for (const chunk of file.chunks(name, maxElements, permutedRows[part])) {
      yield { ...chunk, start: before + chunk.start };
    }
    before += elementCount(file.info(name).shape);
  }
}

/** Tensors that hold no weight: what they say is in the configuration. */
const NO_WEIGHT = /^rope_freqs\.weight$|^blk\.\d+\.attn_rot_embd\.weight$/;

function collectWeights(
  file: GgufFile,
  config: ModelConfig,
  layout: GgufLayout,
): Map<string, Weight> {
  const { path, header } = file;
  const weights = new Map<string, Weight>();
  const layers = new Set<number>();
  for (const tensor of header.tensors.values()) {
    if (NO_WEIGHT.test(tensor.name)) continue;
    const mapped = mapName(tensor.name, layout);
    if (!mapped) {
      throw new FormatError(`${path}: tensor \`${tensor.name.slice(0, 100)}\` is unknown`, {
        why: `a ${config.model_type} model has no such weight`,
        todo: "use the model's safetensors files instead",
      });
    }
    if (mapped.layer !== undefined) layers.add(mapped.layer);
    file.info(tensor.name); // refuses a type that cannot be read
    const weight = weights.get(mapped.name) ?? { stored: [], permutedRows: [] };
    weight.stored[mapped.part] = tensor.name;
    weight.permutedRows[mapped.part] = layout.interleavesHeads
      ? permutedRows(tensor, config, path)
      : 0;
    weights.set(mapped.name, weight);
  }
  checkJoined(file, weights, layout);
  const depth = config.num_hidden_layers;
  if (layers.size !== depth || Math.max(...layers) !== depth - 1) {
    throw new FormatError(
      `${path}: block_count is ${depth}, tensors are of ${layers.size} blocks`,
      {
        todo: "the file is damaged or of another form; download it again",
      },
    );
  }
  return weights;
}

/** Parts of one weight have to be all there, of one shape, and delivered in one type. */
function checkJoined(
  file: GgufFile,
  weights: ReadonlyMap<string, Weight>,
  { split = {} }: GgufLayout,
): void {
  for (const [name, { stored }] of weights) {
    const parts = split[general(name)]?.length ?? 1;
    const there = stored.filter((one) => one !== undefined);
    const kinds = there.map((one) => {
      const { shape, dtype } = file.info(one);
      return `${dtype} [${shape}]`;
    });
    if (there.length === parts && new Set(kinds).size === 1) continue;
    throw new FormatError(`${file.path}: the parts of ${name} do not fit together`, {
      why: `${parts} tensors of one shape make it up; the file has ${there.join(", ")}`,
      todo: "use the model's safetensors files instead",
    });
  }
}

function permutedRows(tensor: GgufTensor, config: ModelConfig, path: string): number {
  const part = /\.attn_([qk])\./.exec(tensor.name)?.[1];
  if (!part) return 0;
  const heads = part === "q" ? config.num_attention_heads : config.num_key_value_heads;
  const rows = (tensor.shape[0] ?? 0) / heads;
  const row = elementCount(tensor.shape.slice(1));
  if (!Number.isInteger(rows / 2) || row % tensor.type.blockElements !== 0) {
    throw new FormatError(`${path}: \`${tensor.name}\` cannot be split into ${heads} heads`);
  }
  return rows;
}

const TENSOR = /^(?:blk\.(0|[1-9]\d{0,4})\.)?([a-z_]+)\.(weight|bias)$/;

/** A weight's name without its suffix, with `N` for the layer. */
function general(name: string): string {
  return name.replace(/\.layers\.\d+\./, ".layers.N.").replace(/\.(weight|bias)$/, "");
}

interface MappedName {
  /** Hugging Face's name. */
  name: string;
  layer: number | undefined;
  /** Which part of the weight the tensor is. */
  part: number;
}

/** Undefined for a tensor that the layout lacks. */
function mapName(name: string, { names, split = {} }: GgufLayout): MappedName | undefined {
  const match = TENSOR.exec(name);
  if (!match) return undefined;
  const [, layer, module = "", suffix = ""] = match;
  const key = layer === undefined ? module : `blk.N.${module}`;
  const whole = Object.entries(split).find(([, parts]) => parts.includes(key));
  if (!whole && !Object.hasOwn(names, key)) return undefined;
  const mapped = (whole ? whole[0] : names[key]!).replace(".N.", `.${layer}.`);
  return {
    name: `${mapped}.${suffix}`,
    layer: layer === undefined ? undefined : Number(layer),
    part: whole ? whole[1].indexOf(key) : 0,
  };
}

/** Divisors of rotary frequencies, which some files have instead of parameters. */
function ropeFactors({ path, header, chunks }: GgufFile): Float32Array | undefined {
  const tensor = header.tensors.get("rope_freqs.weight");
  if (!tensor) return undefined;
  if (tensor.type.name !== "F32" || tensor.bytes > 1 << 16) {
    throw new FormatError(`${path}: \`rope_freqs.weight\` should be a short F32 vector`);
  }
  const factors = new Float32Array(tensor.bytes / 4);
  const bytes = new Uint8Array(factors.buffer);
  for (const { start, data } of chunks(tensor.name)) bytes.set(data, start * 4);
  return factors;
}
