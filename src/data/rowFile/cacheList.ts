/** What the cache of data files holds, and how it is emptied. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { tryLock } from "../../util/fileLock.js";
import { lockOf, partialEnding, readEntryRecord } from "./cacheEntry.js";
import { cacheFolder } from "./cacheFolder.js";
import { rowsName } from "./preparedRows.js";

export interface CachedFile {
  /** Folder of the entry. */
  path: string;
  /** The data file; undefined for what a stopped program left behind. */
  source: string | undefined;
  /** `rows`: unpacked or converted rows and their index; `index`: the index of a file that is read as it is. */
  holds: "rows" | "index" | "unfinished";
  bytes: number;
  /** Whether the data file is still there. */
  sourceExists: boolean;
}

/** What is in the cache folder, by name. */
export function listCache(folder?: string): { folder: string; files: CachedFile[] } {
  const cache = cacheFolder(folder);
  const files = readdirSync(cache, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => describe(join(cache, entry.name)))
    .filter((entry) => entry !== undefined);
  return { folder: cache, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/**
 * Removes entries and tells which. Programs that have them open keep reading them; those that are
 * being made are left alone, and so are the files of locks.
 * @param wanted which ones. Default: all
 */
export async function clearCache(
  wanted: (entry: CachedFile) => boolean = () => true,
  folder?: string,
): Promise<CachedFile[]> {
  const removed: CachedFile[] = [];
  for (const entry of listCache(folder).files.filter(wanted)) {
    const lock = tryLock(lockOf(entry.path));
    if (!lock) continue;
    try {
      await rm(entry.path, { recursive: true, force: true });
      removed.push(entry);
    } finally {
      lock.release();
    }
  }
  return removed;
}

/** Undefined for a folder that is not ours. */
function describe(path: string): CachedFile | undefined {
  const record = readEntryRecord(path);
  const unfinished = path.endsWith(partialEnding);
  if (record === undefined && !unfinished && !existsSync(join(path, "offsets"))) return;
  const names = readdirSync(path);
  const holds = names.includes(rowsName) ? "rows" : "index";
  return {
    path,
    source: record?.source,
    holds: unfinished ? "unfinished" : holds,
    bytes: names.reduce((sum, name) => sum + statSync(join(path, name)).size, 0),
    sourceExists: record !== undefined && existsSync(record.source),
  };
}
