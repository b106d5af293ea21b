/** Tells whether a file is still the one that something was made from. */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";

export interface Fingerprint {
  bytes: number;
  /** Time of the last change, nanoseconds, as a decimal number. */
  modified: string;
  /** SHA-256 of {@link checkedBlocks} blocks spread evenly, the first and last among them. */
  content: string;
}

const blockBytes = 64 << 10;
const checkedBlocks = 16;

/**
 * Reads a megabyte at most, whatever the file's size.
 * @param length how much of its beginning counts; all of it by default
 */
export async function fingerprint(handle: FileHandle, length?: number): Promise<Fingerprint> {
  const { size, mtimeNs } = await handle.stat({ bigint: true });
  const bytes = Math.min(Number(size), length ?? Number(size));
  const hash = createHash("sha256");
  const block = Buffer.allocUnsafe(blockBytes);
  const last = Math.max(0, bytes - blockBytes);
  const blocks = Math.min(checkedBlocks, Math.ceil(bytes / blockBytes));
  for (let index = 0; index < blocks; index++) {
    const from = blocks === 1 ? 0 : Math.floor((last * index) / (blocks - 1));
    const wanted = Math.min(blockBytes, bytes - from);
    const { bytesRead } = await handle.read(block, 0, wanted, from);
    hash.update(block.subarray(0, bytesRead));
  }
  return { bytes, modified: String(mtimeNs), content: hash.digest("hex") };
}

export function sameFile(one: Fingerprint, other: Fingerprint): boolean {
  return (
    one.bytes === other.bytes && one.modified === other.modified && one.content === other.content
  );
}
