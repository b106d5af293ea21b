/** Weights that are several tensors in a GGUF file, or have other values there. */
import { elementCount, type GgufFile, type WeightChunk, type WeightInfo } from "../format/index.js";
import { FormatError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";

/** The tensors that a weight is made of; most are one. */
export interface JoinedWeight {
  /** Names in the file, in order. */
  stored: string[];
  /** Of each the rows of a head whose order has to be undone, or 0. */
  permutedRows: number[];
}

type Chunks = Generator<WeightChunk, void, void>;

export function joinedInfo(file: GgufFile, { stored }: JoinedWeight): WeightInfo {
  const infos = stored.map((name) => file.info(name));
  const [, ...rest] = infos[0]!.shape;
  return { ...infos[0]!, shape: [infos.reduce((sum, { shape }) => sum + shape[0]!, 0), ...rest] };
}

/** One part behind the other. */
export function* joinedChunks(
  file: GgufFile,
  { stored, permutedRows }: JoinedWeight,
  maxElements: number | undefined,
): Chunks {
  let before = 0;
  for (const [part, name] of stored.entries()) {
    for (const chunk of file.chunks(name, maxElements, permutedRows[part])) {
      yield { ...chunk, start: before + chunk.start };
    }
    before += elementCount(file.info(name).shape);
  }
}

/** The parts of q, k and v by key heads; a chunk has the rows of one part for one of these. */
export function* groupedChunks(
  file: GgufFile,
  { stored, permutedRows }: JoinedWeight,
  { num_key_value_heads: keyHeads }: ModelConfig,
): Chunks {
  const parts = stored.map((name, part) => {
    const elements = elementCount(file.info(name).shape) / keyHeads;
    return file.chunks(name, elements, permutedRows[part]);
  });
  let start = 0;
  for (let group = 0; group < keyHeads; group++) {
    for (const part of parts) {
      const { value: chunk } = part.next();
      if (!chunk) return;
      yield { ...chunk, start };
      start += chunk.count;
    }
  }
  for (const part of parts) part.return();
}

/**
 * The same with a number added to each value.
 *
 * @throws FormatError for values that are not float32
 */
export function* shiftedChunks(chunks: Chunks, offset: number, name: string): Chunks {
  for (const chunk of chunks) {
    if (chunk.dtype !== "F32") {
      throw new FormatError(`${name} has type ${chunk.dtype}; norms in GGUF files have F32`, {
        todo: "convert the model again",
      });
    }
    const { buffer, byteOffset } = chunk.data;
    const values = new Float32Array(buffer, byteOffset, chunk.count);
    for (let i = 0; i < values.length; i++) values[i]! += offset;
    yield chunk;
  }
}
