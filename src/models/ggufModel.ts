/** A GGUF file as a model: its configuration, and its weights under Hugging Face's names. */
import {
  elementCount,
  type FileReader,
  type GgufFile,
  type GgufTensor,
  readGguf,
} from "../format/index.js";
import { FormatError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";
import { ggufConfig, ggufFamily } from "./ggufConfig.js";
import type { GgufLayout, ModelSource } from "./types.js";

interface Weight {
  /** Name in the file. */
  stored: string;
  /** Rows of a head whose order has to be undone, or 0. */
  permutedRows: number;
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
      info: (name) => file.info(find(name).stored),
      chunks: (name, maxElements) => {
        const { stored, permutedRows } = find(name);
        return file.chunks(stored, maxElements, permutedRows);
      },
      close: file.close,
    };
  } catch (error) {
    file.close();
    throw error;
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
    weights.set(mapped.name, {
      stored: tensor.name,
      permutedRows: layout.interleavesHeads ? permutedRows(tensor, config, path) : 0,
    });
  }
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

/** Hugging Face's name, and which layer it is in; undefined for a tensor that the layout lacks. */
function mapName(
  name: string,
  { names }: GgufLayout,
): { name: string; layer: number | undefined } | undefined {
  const match = TENSOR.exec(name);
  if (!match) return undefined;
  const [, layer, part = "", suffix = ""] = match;
  const key = layer === undefined ? part : `blk.N.${part}`;
  if (!Object.hasOwn(names, key)) return undefined;
  const mapped = names[key]!.replace(".N.", `.${layer}.`);
  return {
    name: `${mapped}.${suffix}`,
    layer: layer === undefined ? undefined : Number(layer),
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
