/**
 * What was made from a data file, in a folder of its own in the cache. An entry is there whole or
 * not at all, belongs to one state of its file, and is made again when it does not open.
 */
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { DataError, EnvironmentError } from "../../util/errors.js";
import { withLock } from "../../util/fileLock.js";
import { makeFolders } from "../../util/makeFolders.js";
import { cacheVariable } from "./cacheFolder.js";
import { type Fingerprint, sameFile } from "./fingerprint.js";

/** Ends the name of an entry that is being made, or whose maker was stopped. */
export const partialEnding = ".partial";

/** The file to lock while an entry is made or removed, by the path of the entry or of a partial one. */
export function lockOf(path: string): string {
  return `${path.endsWith(partialEnding) ? path.replace(partialName, "") : path}.lock`;
}

const partialName = /\.[^.]+\.partial$/;

const version = 1;

/** What `entry.json` says. */
export interface EntryRecord<Facts = unknown> {
  version: number;
  /** Distinguishes two entries of one name. */
  made: string;
  /** Absolute path of the data file. */
  source: string;
  /** How it was read, where that is a choice. */
  variant: string;
  fingerprint: Fingerprint;
  facts: Facts;
}

export interface EntryOptions<Facts, Opened> {
  cache: string;
  /** Absolute path of the data file. */
  source: string;
  variant: string;
  /** The data file as it is now. */
  fingerprint: () => Promise<Fingerprint>;
  /** Makes the entry's files in a new folder. */
  make(folder: string): Promise<Facts>;
  /** Opens the entry's files; whatever it throws means that the entry is damaged. */
  open(folder: string, facts: Facts): Promise<Opened>;
  close(opened: Opened): Promise<void>;
}

/**
 * Opens the entry of a data file; makes it first where it is missing, damaged, or of another state
 * of the file. Several processes may ask for it at once: one makes it.
 * @throws DataError when the file changes meanwhile
 * @throws EnvironmentError when the cache folder has no space left
 */
export async function openEntry<Facts, Opened>(
  options: EntryOptions<Facts, Opened>,
): Promise<Opened> {
  const { cache, source, variant } = options;
  const key = createHash("sha256").update(`${source}\0${variant}`).digest("hex").slice(0, 16);
  const name = `${basename(source).slice(0, 80)}-${key}`;
  const state = await options.fingerprint();
  const existing = await tryEntry(join(cache, name), state, options);
  if (existing !== undefined) return existing;
  return withLock(lockOf(join(cache, name)), async () => {
    const other = await tryEntry(join(cache, name), state, options);
    if (other !== undefined) return other;
    await removePartials(cache, name);
    try {
      return await makeEntry(name, state, options);
    } catch (error) {
      throw fullDisk(error, cache);
    }
  });
}

/** Reads `entry.json`; undefined where there is none, or one that this program did not write. */
export function readEntryRecord(folder: string): EntryRecord | undefined {
  try {
    const stored = JSON.parse(readFileSync(join(folder, "entry.json"), "utf8"));
    const { checksum: expected, ...record } = stored;
    return record.version === version && checksum(record) === expected ? record : undefined;
  } catch {
    return undefined;
  }
}

function checksum(record: object): string {
  return createHash("sha256").update(JSON.stringify(record)).digest("hex");
}

async function tryEntry<Facts, Opened>(
  folder: string,
  state: Fingerprint,
  { source, variant, open, close }: EntryOptions<Facts, Opened>,
): Promise<Opened | undefined> {
  const record = readEntryRecord(folder) as EntryRecord<Facts> | undefined;
  if (record === undefined || record.source !== source || record.variant !== variant) return;
  if (!sameFile(record.fingerprint, state)) return;
  let opened: Opened;
  try {
    opened = await open(folder, record.facts);
  } catch {
    return;
  }
  if (readEntryRecord(folder)?.made === record.made) return opened;
  await close(opened);
}

async function makeEntry<Facts, Opened>(
  name: string,
  state: Fingerprint,
  options: EntryOptions<Facts, Opened>,
): Promise<Opened> {
  const { cache, source, variant, fingerprint, make, open } = options;
  const folder = join(cache, name);
  const partial = `${folder}.${randomUUID()}${partialEnding}`;
  makeFolders(partial);
  try {
    const facts = await make(partial);
    if (!sameFile(await fingerprint(), state)) {
      throw new DataError(`${source}: changed while it was being read`, {
        why: "another program is writing to it",
        todo: "try again when no program is writing to the file",
      });
    }
    const made = `${new Date().toISOString()} ${randomUUID()}`;
    const record = { version, made, source, variant, fingerprint: state, facts };
    const stored = { ...record, checksum: checksum(record) };
    await writeFile(join(partial, "entry.json"), `${JSON.stringify(stored, null, 2)}\n`);
    await rename(folder, `${folder}.${randomUUID()}${partialEnding}`).catch(() => {});
    await rename(partial, folder);
    await removePartials(cache, name);
    return await open(folder, facts);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function removePartials(cache: string, name: string): Promise<void> {
  for (const other of await readdir(cache)) {
    if (!other.startsWith(`${name}.`) || !other.endsWith(partialEnding)) continue;
    await rm(join(cache, other), { recursive: true, force: true });
  }
}

function fullDisk(error: unknown, cache: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new EnvironmentError(`${cache}: no space left for the cache of data files`, {
    why: error instanceof Error ? error.message : String(error),
    todo: `free some space (./tunewright data cache --clear), or set ${cacheVariable} to another folder`,
    cause: error,
  });
}
