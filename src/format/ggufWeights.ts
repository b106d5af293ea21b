/**
 * Weights of a GGUF file under Hugging Face's names, dequantized chunk by chunk.
 *
 * llama.cpp stores the rows of each head of q and k interleaved for its rotary embedding (architecture
 * `llama`); they are put back while reading, so that a row never has to be moved again.
 */
import { FormatError } from "../util/errors.js";
import { type BufferPool, createBufferPool } from "./bufferPool.js";
import { type FileReader, openFile } from "./fileReader.js";
import { ggufArchitecture, ggufConfig } from "./ggufConfig.js";
import { type GgufHeader, type GgufTensor, readGgufHeader } from "./ggufHeader.js";
import { mapGgufName } from "./ggufNames.js";
import type { ModelConfig } from "./modelConfig.js";
import {
  DEFAULT_CHUNK_ELEMENTS,
  elementCount,
  WEIGHT_DTYPE_BYTES,
  type WeightChunk,
  type WeightDType,
  type WeightSource,
} from "./weights.js";

interface Weight {
  tensor: GgufTensor;
  dtype: WeightDType;
  /** Rows of a head whose order has to be undone, or 0. */
  permutedRows: number;
}

/** Tensors that hold no weight: what they say is in the configuration. */
const NO_WEIGHT = /^rope_freqs\.weight$|^blk\.\d+\.attn_rot_embd\.weight$/;

/**
 * Opens a GGUF model.
 * @throws FormatError when the header is not valid, the architecture or a tensor's type is not
 * supported, or metadata and tensors disagree
 */
export function openGguf(path: string): WeightSource {
  return readGguf(openFile(path));
}

/** {@link openGguf} for an open file, which belongs to the source from now on. */
export function readGguf(file: FileReader): WeightSource {
  const { path } = file;
  try {
    const pool = createBufferPool();
    const header = readGgufHeader(file);
    const split = header.metadata.get("split.count");
    if (typeof split === "number" && split > 1) {
      throw new FormatError(`${path}: is one of ${split} parts of a split GGUF model`, {
        todo: "join them with `llama-gguf-split --merge`, then use the joined file",
      });
    }
    const { permuted } = ggufArchitecture(header, path);
    const config = ggufConfig(header, path, ropeFactors(file, header));
    const weights = collectWeights(header, config, permuted, path);
    const find = (name: string) => {
      const found = weights.get(name);
      if (!found) throw new FormatError(`${path}: has no tensor \`${name}\``);
      return found;
    };
    return {
      kind: "gguf",
      config,
      names: () => [...weights.keys()],
      info(name) {
        const { tensor, dtype } = find(name);
        return { shape: [...tensor.shape], dtype, storedType: tensor.type.name };
      },
      chunks: (name, maxElements = DEFAULT_CHUNK_ELEMENTS) =>
        readChunks(file, pool, find(name), maxElements),
      close: file.close,
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

function collectWeights(
  header: GgufHeader,
  config: ModelConfig,
  permuted: boolean,
  path: string,
): Map<string, Weight> {
  const weights = new Map<string, Weight>();
  const layers = new Set<number>();
  for (const tensor of header.tensors.values()) {
    if (NO_WEIGHT.test(tensor.name)) continue;
    const mapped = mapGgufName(tensor.name);
    if (!mapped) {
      throw new FormatError(`${path}: tensor \`${tensor.name.slice(0, 100)}\` is not known`, {
        why: `a ${config.model_type} model has no such weight`,
        todo: "use the model's safetensors files instead",
      });
    }
    if (mapped.layer !== undefined) layers.add(mapped.layer);
    const dtype = tensor.type.delivered;
    if (!dtype) {
      throw new FormatError(`${path}: tensor \`${tensor.name}\` has the type ${tensor.type.name}`, {
        why: "this quantized type is not supported",
        todo: "use a file with Q4_0 to Q8_0, Q4_K, Q5_K, Q6_K, F16, BF16 or F32 tensors",
      });
    }
    weights.set(mapped.name, {
      tensor,
      dtype,
      permutedRows: permuted ? permutedRows(tensor, config, path) : 0,
    });
  }
  const depth = config.num_hidden_layers;
  if (layers.size !== depth || Math.max(...layers) !== depth - 1) {
    throw new FormatError(
      `${path}: block_count is ${depth}, tensors are of ${layers.size} blocks`,
      {
        todo: "the file is damaged or of another form; get it again from its source",
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

function ropeFactors(file: FileReader, header: GgufHeader): Float32Array | undefined {
  const tensor = header.tensors.get("rope_freqs.weight");
  if (!tensor) return undefined;
  if (tensor.type.name !== "F32" || tensor.bytes > 1 << 16) {
    throw new FormatError(`${file.path}: \`rope_freqs.weight\` should be a short F32 vector`);
  }
  const factors = new Float32Array(tensor.bytes / 4);
  file.readInto(new Uint8Array(factors.buffer), tensor.position);
  return factors;
}

function* readChunks(
  file: FileReader,
  pool: BufferPool,
  { tensor, dtype, permutedRows }: Weight,
  maxElements: number,
): Generator<WeightChunk, void, void> {
  const { shape, type, position } = tensor;
  const total = elementCount(shape);
  // A quantized vector has no rows; its blocks take their place.
  const row = permutedRows || shape.length > 1 ? elementCount(shape.slice(1)) : type.blockElements;
  const rowBytes = (row / type.blockElements) * type.blockBytes;
  const width = WEIGHT_DTYPE_BYTES[dtype];
  const rows = total / row;
  const step = Math.min(rows, Math.max(1, Math.floor(maxElements / row)));
  // Rows of a head are read together, because each delivered row may come from any of them.
  const head = permutedRows || 1;
  const rawRows = Math.min(rows, (Math.ceil((step - 1) / head) + 1) * head);
  const direct = !type.dequantize && !permutedRows;
  const raw = direct ? undefined : pool.take(rawRows * rowBytes);
  const out = pool.take(step * row * width);
  try {
    const single = type.dequantize ? new Float32Array(out.buffer, 0, step * row) : undefined;
    for (let first = 0; first < rows; first += step) {
      const count = Math.min(step, rows - first);
      const data = out.subarray(0, count * row * width);
      if (!raw) {
        file.readInto(data, position + first * rowBytes);
      } else {
        const rawFirst = Math.floor(first / head) * head;
        const rawEnd = Math.min(rows, Math.ceil((first + count) / head) * head);
        file.readInto(
          raw.subarray(0, (rawEnd - rawFirst) * rowBytes),
          position + rawFirst * rowBytes,
        );
        const blocks = row / type.blockElements;
        if (!permutedRows && single) {
          type.dequantize?.(raw, 0, single, 0, count * blocks);
        } else {
          for (let i = 0; i < count; i++) {
            const from = (storedRow(first + i, permutedRows) - rawFirst) * rowBytes;
            if (single) type.dequantize?.(raw, from, single, i * row, blocks);
            else data.set(raw.subarray(from, from + rowBytes), i * rowBytes);
          }
        }
      }
      yield { start: first * row, count: count * row, dtype, data };
    }
  } finally {
    if (raw) pool.give(raw);
    pool.give(out);
  }
}

/** Where row `wanted` is stored: row `2 i + j` of a head holds element `i` of half `j`. */
function storedRow(wanted: number, rowsOfHead: number): number {
  const inHead = wanted % rowsOfHead;
  const half = rowsOfHead / 2;
  return wanted - inHead + 2 * (inHead % half) + Math.floor(inHead / half);
}
