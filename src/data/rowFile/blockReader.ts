/** Reads pieces of a file; pieces that follow each other come from one larger read. */
import type { FileHandle } from "node:fs/promises";

export interface BlockReader {
  /** The bytes, or fewer where the file ends. They may be a view of more: not to be kept. */
  read(from: number, length: number): Promise<Buffer>;
}

const blockBytes = 256 << 10;

interface Block {
  from: number;
  to: number;
  bytes: Promise<Buffer>;
}

/** Keeps one block at most; random access reads no more than it asks for. */
export function blockReader(handle: FileHandle): BlockReader {
  let block: Block | undefined;
  let lastEnd = -1;
  const load = async (from: number, length: number): Promise<Buffer> => {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await handle.read(buffer, 0, length, from);
    return buffer.subarray(0, bytesRead);
  };
  return {
    async read(from, length) {
      const follows = from === lastEnd;
      const end = from + length;
      lastEnd = end;
      if (block === undefined || from < block.from || end > block.to) {
        if (!follows || length > blockBytes) return load(from, length);
        block = { from, to: from + blockBytes, bytes: load(from, blockBytes) };
      }
      const { bytes, from: start } = block;
      return (await bytes).subarray(from - start, end - start);
    },
  };
}
