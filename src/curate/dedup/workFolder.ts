/** The folder that signatures are kept in, which may be the user's own and hold other files. */
import { readdir, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Where signatures are put unless another folder is named. */
export function defaultFolder(out: string): string {
  return `${out}.dedup`;
}

/** The name of a shard's file: 0-based, of so many. */
export function shardPath(folder: string, shard: number, shards: number): string {
  const digits = (value: number) => String(value).padStart(5, "0");
  return join(folder, `shard-${digits(shard)}-of-${digits(shards)}.signatures`);
}

/** Where a shard lists the rows that could not be read. */
export function refusedPath(signatures: string): string {
  return signatures.replace(/signatures$/, "refused.jsonl");
}

/** What a file has behind its name until it is complete. */
export const partMark = ".part-";

const ownName = /^shard-\d+-of-\d+\.(signatures|refused\.jsonl)(\.part-[0-9a-f-]+)?$/;

/** Whether a file was put into the folder by deduplication. */
export function isOwnFile(path: string): boolean {
  return ownName.test(basename(path));
}

/** Removes all files of signatures, and the folder where nothing else is in it. */
export async function removeSignatures(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (ownName.test(name)) await rm(join(folder, name), { force: true });
  }
  await rmdir(folder).catch(() => {
    // It holds what somebody else put there.
  });
}

/** A running process writes to its part every few seconds. */
const abandonedMs = 60 * 60 * 1000;

/** Removes what killed processes left of a file; another one may still be writing a younger part. */
export async function removeAbandonedParts(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(basename(path) + partMark)) continue;
    const part = join(folder, name);
    const changed = (await stat(part).catch(() => undefined))?.mtimeMs;
    if (changed !== undefined && Date.now() - changed > abandonedMs)
      await rm(part, { force: true });
  }
}
