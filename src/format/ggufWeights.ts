/**
 * Tensors of a GGUF file, dequantized chunk by chunk.
 *
 * llama.cpp stores the rows of each head of q and k interleaved for its rotary embedding in some
 * architectures; they are put back while reading, so that a row never has to be moved again.
 */
import { FormatError } from "../util/errors.js";
import type { FileReader } from "../util/fileReader.js";
import { type BufferPool, createBufferPool } from "./bufferPool.js";
import { type GgufHeader, type GgufTensor, readGgufHeader } from "./ggufHeader.js";
import {
  DEFAULT_CHUNK_ELEMENTS,
  elementCount,
  WEIGHT_DTYPE_BYTES,
  type WeightChunk,
  type WeightDType,
  type WeightReader,
} from "./weights.js";

interface Weight {
  tensor: GgufTensor;
  dtype: WeightDType;
  /** Rows of a head whose order has to be undone, or 0. */
  permutedRows: number;
}

/** An open GGUF file: its header, and its tensors by GGUF's names. */
export interface GgufFile extends WeightReader {
  readonly path: string;
  readonly header: GgufHeader;
  /**
   * @param rowsOfHead rows of a head whose order has to be undone; absent or 0 for none
   * @throws FormatError when the tensor's type is not supported
   */
  chunks(
    name: string,
    maxElements?: number,
    rowsOfHead?: number,
  ): Generator<WeightChunk, void, void>;
  /** A matrix of blocks as they are stored; undefined for types of single values. */
  blocks(name: string, rowsOfHead?: number): StoredBlocks | undefined;
}

/** Rows of blocks as a file stores them. */
export interface StoredBlocks {
  /** Name of ggml's type. */
  type: string;
  rows: number;
  rowBytes: number;
  /** Writes all rows. @param out [rows * rowBytes] */
  readInto(out: Uint8Array): void;
}

/**
 * Reads a GGUF file. The open file belongs to the result from now on.
 *
 * @throws FormatError when the header is not valid, or the file is one part of several
 */
export function readGguf(file: FileReader): GgufFile {
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
    const find = (name: string) => {
      const tensor = header.tensors.get(name);
      if (!tensor) throw new FormatError(`${path}: has no tensor \`${name}\``);
      const dtype = tensor.type.delivered;
      if (dtype) return { tensor, dtype };
      throw new FormatError(`${path}: tensor \`${tensor.name}\` has the type ${tensor.type.name}`, {
        why: "this quantized type is not supported",
        todo: "use a file with Q4_0 to Q8_0, Q4_K, Q5_K, Q6_K, F16, BF16 or F32 tensors",
      });
    };
    return {
      path,
      header,
      names: () => [...header.tensors.keys()],
      info(name) {
        const { tensor, dtype } = find(name);
        return { shape: [...tensor.shape], dtype, storedType: tensor.type.name };
      },
      chunks: (name, maxElements = DEFAULT_CHUNK_ELEMENTS, rowsOfHead = 0) =>
        readChunks(file, pool, { ...find(name), permutedRows: rowsOfHead }, maxElements),
      blocks: (name, rowsOfHead = 0) =>
        storedBlocks(file, { ...find(name), permutedRows: rowsOfHead }),
      close: file.close,
    };
  } catch (error) {
    file.close();
    throw error;
  }
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

function storedBlocks(
  file: FileReader,
  { tensor: { shape, type, position }, permutedRows }: Weight,
): StoredBlocks | undefined {
  const [rows = 0, ...rest] = shape;
  const row = elementCount(rest);
  if (shape.length !== 2 || !type.dequantize || row % type.blockElements !== 0) return undefined;
  const rowBytes = (row / type.blockElements) * type.blockBytes;
  return {
    type: type.name,
    rows,
    rowBytes,
    readInto(out) {
      file.readInto(out, position);
      if (permutedRows) restoreOrder(out, rowBytes, permutedRows);
    },
  };
}

/** Puts the rows of heads back in place, one head after the other. */
function restoreOrder(rows: Uint8Array, rowBytes: number, rowsOfHead: number): void {
  const bytes = rowsOfHead * rowBytes;
  for (let start = 0; start < rows.length; start += bytes) {
    const head = rows.slice(start, start + bytes);
    for (let i = 0; i < rowsOfHead; i++) {
      const from = storedRow(i, rowsOfHead) * rowBytes;
      rows.set(head.subarray(from, from + rowBytes), start + i * rowBytes);
    }
  }
}

/** Where row `wanted` is stored: row `2 i + j` of a head holds element `i` of half `j`. */
function storedRow(wanted: number, rowsOfHead: number): number {
  const inHead = wanted % rowsOfHead;
  const half = rowsOfHead / 2;
  return wanted - inHead + 2 * (inHead % half) + Math.floor(inHead / half);
}
