/** Data files below some folders, and those that runs train on, by id. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isRowFile } from "../../data/index.js";
import { readRunConfig } from "../../train/runConfig/index.js";
import { isRecord } from "../../util/isRecord.js";
import { statsOf } from "../../util/missingPath.js";
import { realPath } from "../../util/outPlace.js";
import { pathId } from "../pathId.js";
import type { DataFile } from "../schema.js";
import { takingTurns } from "../turns.js";

export interface FileTable {
  /** All files, by name. */
  list(): Promise<DataFile[]>;
  /** A file with its path; nothing where none has this id any more. */
  find(id: string): Promise<FoundFile | undefined>;
  /** As of the last look: what is not known yet is not there. */
  pathOf(id: string): string | undefined;
  idAt(path: string): string | undefined;
}

/** A file of the table. */
export interface FoundFile {
  path: string;
  file: DataFile;
}

/** Runs with their directories, to see what they train on. */
export type RunsOf = () => Promise<readonly { id: string; directory: string }[]>;

/** Folders below a given one that are looked at. */
const depth = 4;

/** Files that are listed. */
const mostFiles = 5000;

/** Milliseconds for which the folders are not looked through again. */
const freshFor = 3000;

/** Folders that hold no data of their own. */
const skipped = /^(?:\..*|node_modules|checkpoint-\d+.*|previous-\d+|result\..*)$/;

export function createFileTable(roots: readonly string[], runsOf: RunsOf): FileTable {
  let found = new Map<string, FoundFile>();
  let looked = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  const configs = new Map<string, { modified: number; files: readonly string[] }>();

  const look = async () => {
    const paths = new Map<string, Set<string>>();
    const add = (path: string, run?: string) => {
      const real = realPath(path);
      if (real === undefined || paths.size >= mostFiles) return;
      const runs = paths.get(real) ?? new Set();
      if (run !== undefined) runs.add(run);
      paths.set(real, runs);
    };
    await takingTurns(walkFiles(roots), (path) => path !== undefined && add(path));
    for (const { id, directory } of await runsOf()) {
      for (const path of trainingFiles(directory, configs)) add(path, id);
    }
    found = describeFiles(paths);
    looked = performance.now();
  };
  const refresh = () => {
    if (performance.now() - looked < freshFor) return Promise.resolve();
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  return {
    async list() {
      await refresh();
      const files = [...found.values()].map(({ file }) => file);
      return files.sort((one, other) => one.name.localeCompare(other.name));
    },
    async find(id) {
      if (!found.has(id)) await refresh();
      const entry = found.get(id);
      const stats = entry && statsOf(entry.path);
      if (!entry || !stats?.isFile()) return undefined;
      const { size: bytes, mtimeMs } = stats;
      return { path: entry.path, file: { ...entry.file, bytes, modified: mtimeMs / 1000 } };
    },
    pathOf: (id) => found.get(id)?.path,
    idAt(path) {
      const real = realPath(path);
      return real !== undefined && found.has(pathId(real)) ? pathId(real) : undefined;
    },
  };
}

function* walkFiles(roots: readonly string[]): Generator<string | undefined> {
  const seen = new Set<string>();
  const waiting = roots.map((folder) => ({ folder, left: depth })).reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { folder, left } = next;
    const real = realPath(folder);
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    for (const entry of listQuietly(folder)) {
      if (skipped.test(entry.name)) continue;
      const path = join(folder, entry.name);
      const stats = entry.isSymbolicLink() ? statsOf(path) : entry;
      if (stats?.isDirectory() && left > 0) waiting.push({ folder: path, left: left - 1 });
      else if (stats?.isFile() && isRowFile(entry.name) && !isOwnFile(folder, entry.name)) {
        if (!isConfiguration(path)) yield path;
      }
      yield undefined;
    }
  }
}

function listQuietly(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** What runs, evaluations and deduplication write beside rows. */
function isOwnFile(folder: string, name: string): boolean {
  return (
    /^(?:events(?:\.cut-\d+)?|skipped_rows|samples_.*|answers)\.jsonl$/.test(name) ||
    /^(?:results?|special_tokens_map|added_tokens|vocab|tunewright|.*\.index)\.json$/.test(name) ||
    /\.clusters\.jsonl$/.test(name) ||
    (name === "config.json" && existsSync(join(folder, "events.jsonl")))
  );
}

/** Bytes of a JSON file that are looked at. */
const sniffedBytes = 1 << 16;

/** An object of settings, not a list of rows: of a `.json` file whose object ends soon. */
function isConfiguration(path: string): boolean {
  if (!path.endsWith(".json")) return false;
  try {
    const { size } = statsOf(path) ?? { size: 0 };
    if (size <= sniffedBytes) {
      const value: unknown = JSON.parse(readFileSync(path, "utf8"));
      return isRecord(value) && !Object.values(value).some(isRowList);
    }
    return !/^[\s\uFEFF]*[[{]/.test(firstText(path));
  } catch {
    return false;
  }
}

function isRowList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isRecord);
}

function firstText(path: string): string {
  const descriptor = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(64);
    return bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, 64, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** Files that a run's configuration names; folders and patterns are not looked into. */
function trainingFiles(
  directory: string,
  known: Map<string, { modified: number; files: readonly string[] }>,
): readonly string[] {
  const modified = statsOf(join(directory, "config.json"))?.mtimeMs ?? 0;
  const before = known.get(directory);
  if (before?.modified === modified) return before.files;
  const { train_file: train, eval_file: evaluation } = readRunConfig(directory)?.config ?? {};
  const files = [train, evaluation]
    .flat()
    .flatMap((source) => (isRecord(source) ? source.path : source))
    .filter((path): path is string => typeof path === "string" && isFile(path));
  known.set(directory, { modified, files });
  return files;
}

function isFile(path: string): boolean {
  try {
    return statsOf(path)?.isFile() ?? false;
  } catch {
    return false;
  }
}

function describeFiles(paths: ReadonlyMap<string, ReadonlySet<string>>): Map<string, FoundFile> {
  const names = distinctNames([...paths.keys()]);
  const found = new Map<string, FoundFile>();
  for (const [path, runs] of paths) {
    const stats = statsOf(path);
    if (!stats?.isFile()) continue;
    const id = pathId(path);
    const file: DataFile = {
      id,
      name: names.get(path)!,
      bytes: stats.size,
      modified: stats.mtimeMs / 1000,
      runs: [...runs],
      has_removed: existsSync(removedFile(path)),
    };
    found.set(id, { path, file });
  }
  return found;
}

/** What `data clean` and `data dedup` list beside the rows that they kept. */
export function removedFile(path: string): string {
  return `${path}.rejected.jsonl`;
}

/** File names, with as many folders before them as tell them apart. */
export function distinctNames(paths: readonly string[]): Map<string, string> {
  const names = new Map(paths.map((path) => [path, basename(path)]));
  for (let level = 1; level < 12; level++) {
    const counts = new Map<string, number>();
    for (const name of names.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
    const same = paths.filter((path) => counts.get(names.get(path)!)! > 1);
    if (same.length === 0) break;
    for (const path of same) {
      let folder = dirname(path);
      for (let up = 1; up < level; up++) folder = dirname(folder);
      names.set(path, join(basename(folder), names.get(path)!));
    }
  }
  return names;
}
