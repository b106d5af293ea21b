/** Reads safetensors files: the header at once, tensors in chunks. */
import { FormatError } from "../util/errors.js";
import { type FileReader, openFile } from "../util/fileReader.js";
import { type BufferPool, createBufferPool } from "./bufferPool.js";
import { readSafetensorsHeader } from "./safetensorsHeader.js";
import {
  chunkElements,
  DEFAULT_CHUNK_ELEMENTS,
  elementCount,
  WEIGHT_DTYPE_BYTES,
  type WeightReader,
} from "./weights.js";

export interface SafetensorsFile extends WeightReader {
  readonly path: string;
  /** The header's `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
  has(name: string): boolean;
}

/**
 * Opens a safetensors file and validates its header.
 * @throws FormatError when it cannot be read or its header is not valid
 */
export function openSafetensors(
  path: string,
  pool: BufferPool = createBufferPool(),
): SafetensorsFile {
  return readSafetensors(openFile(path), pool);
}

/** {@link openSafetensors} for an open file, which belongs to the result from now on. */
export function readSafetensors(file: FileReader, pool = createBufferPool()): SafetensorsFile {
  const { path } = file;
  try {
    const { metadata, entries } = readSafetensorsHeader(file);
    const find = (name: string) => {
      const found = entries.get(name);
      if (!found) throw new FormatError(`${path}: has no tensor \`${name}\``);
      return found;
    };
    return {
      path,
      metadata,
      names: () => [...entries.keys()],
      has: (name) => entries.has(name),
      info(name) {
        const { shape, dtype } = find(name);
        return { shape: [...shape], dtype, storedType: dtype };
      },
      *chunks(name, maxElements = DEFAULT_CHUNK_ELEMENTS) {
        const { shape, dtype, position } = find(name);
        const total = elementCount(shape);
        if (total === 0) return;
        const width = WEIGHT_DTYPE_BYTES[dtype];
        const step = chunkElements(shape, maxElements);
        const buffer = pool.take(step * width);
        try {
          for (let start = 0; start < total; start += step) {
            const count = Math.min(step, total - start);
            const data = buffer.subarray(0, count * width);
            file.readInto(data, position + start * width);
            yield { start, count, dtype, data };
          }
        } finally {
          pool.give(buffer);
        }
      },
      close: file.close,
    };
  } catch (error) {
    file.close();
    throw error;
  }
}
