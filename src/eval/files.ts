/** The files of benchmarks, as their publishers lay them out, under one directory of the user's. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { ConfigError, DataError, FormatError, TunewrightError } from "../util/errors.js";
import { type Archive, isArchive, openArchive } from "./archive/index.js";
import type { Benchmark, BenchmarkFiles } from "./types.js";

/** Folders below the given directory in which a benchmark is looked for. */
const DEPTH = 3;

/** Largest text that a `.gz` file may hold. */
const MAX_UNPACKED_BYTES = 256 << 20;

/** Markers that a message names; a benchmark may have one for each subject. */
const MARKERS_SHOWN = 2;

/** Where a benchmark's files are: a directory, or for each benchmark by name its own. */
export type DataPlace = string | Readonly<Record<string, string>>;

/**
 * Finds a benchmark's files: its folder, that of its name first, then the directory itself and the folders
 * in it; or an archive beside them, as its publisher offers it.
 *
 * @param place what the user gave; a directory, or an archive
 * @throws ConfigError saying where it was looked for
 */
export function openBenchmark(
  { name, markers, source, archive, folder: own }: Omit<Benchmark, "tasks">,
  place: DataPlace = {},
): BenchmarkFiles {
  if (own !== undefined) return filesOf(resolve(own));
  const given = typeof place === "string" ? place : (place[name] ?? "");
  const stats = statSync(given, { throwIfNoEntry: false });
  const isFile = stats?.isFile() && isArchive(given);
  if (given === "") {
    throw new ConfigError(`it is not said where the files of ${name} are`, {
      todo: "give the directory that holds the benchmarks with --data",
    });
  }
  if (!isFile && !stats?.isDirectory()) {
    throw new ConfigError(`${given} is not a directory`, {
      todo: "give the directory that holds the benchmarks with --data",
    });
  }
  const starts = isFile ? [] : [join(given, name), given];
  for (const start of starts) {
    const folder = folderWith(markers, start, DEPTH);
    if (folder !== undefined) return filesOf(resolve(folder));
  }
  const archives = isFile ? [given] : starts.flatMap(archivesIn);
  const unread: string[] = [];
  for (const path of archives) {
    const found = archiveWith(markers, resolve(path), unread);
    if (found) return found;
  }
  const sought = `there is no ${markers.slice(0, MARKERS_SHOWN).join(" or ")} in it, in its folders, in theirs or in an archive`;
  throw new ConfigError(`the files of ${name} are not in ${given}`, {
    why: [sought, ...unread].join("; "),
    todo: `get them from ${source}${archive === undefined ? "" : ", or leave out --data: they are downloaded then"}`,
  });
}

function archivesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(isArchive)
    .map((name) => join(folder, name))
    .sort();
}

/** @param unread takes what is wrong with an archive that cannot be read */
function archiveWith(
  markers: readonly string[],
  path: string,
  unread: string[],
): BenchmarkFiles | undefined {
  let archive: Archive;
  try {
    archive = openArchive(path);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    unread.push(error.message);
    return undefined;
  }
  const starts = [...archive.files].flatMap((file) =>
    markers
      .filter((marker) => file === marker || file.endsWith(`/${marker}`))
      .map((marker) => file.slice(0, -marker.length)),
  );
  const depth = (start: string) => start.split("/").length;
  const [start] = starts.sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1));
  if (start === undefined || depth(start) > DEPTH + 1) return undefined;
  return filesIn({
    folder: join(path, start),
    has: (file) => archive.files.has(start + file),
    read: (file) => archive.read(start + file),
  });
}

/** The uppermost folder that has one of these files; of several at one depth, the first by name. */
function folderWith(markers: readonly string[], start: string, depth: number): string | undefined {
  let level = existsSync(start) ? [start] : [];
  for (let left = depth; left >= 0 && level.length > 0; left--) {
    const found = level.find((folder) =>
      markers.some((marker) => existsSync(join(folder, marker))),
    );
    if (found !== undefined) return found;
    level = level.flatMap((folder) =>
      readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
        .map((entry) => join(folder, entry.name))
        .sort(),
    );
  }
  return undefined;
}

/** Reads what lies in a folder. */
export function filesOf(folder: string): BenchmarkFiles {
  return filesIn({
    folder,
    has: (path) => existsSync(join(folder, path)),
    read: (path) => readFileSync(join(folder, path)),
  });
}

/** Bytes by path, from a folder or an archive. */
interface ByteSource {
  folder: string;
  has(path: string): boolean;
  read(path: string): Buffer;
}

function filesIn(source: ByteSource): BenchmarkFiles {
  const { folder } = source;
  const text = async (path: string) => readText(source, path);
  return {
    folder,
    has: source.has,
    text,
    csv: async (path) => parseCsv(await text(path), join(folder, path)),
    json: async (path) => parseJson(await text(path), join(folder, path)),
    jsonl: async (path) =>
      (await text(path))
        .split("\n")
        .map((line, i) => ({ line, where: `${join(folder, path)}:${i + 1}` }))
        .filter(({ line }) => line.trim() !== "")
        .map(({ line, where }) => parseJson(line, where)),
  };
}

function readText(source: ByteSource, path: string): string {
  const bytes = readBytes(source, path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const where = join(source.folder, path);
    throw new DataError(`${where} is not UTF-8`, { todo: "convert it to UTF-8", cause });
  }
}

function readBytes(source: ByteSource, path: string): Buffer {
  const where = join(source.folder, path);
  if (!source.has(path)) {
    throw new DataError(`${where} is missing`, {
      why: "the benchmark is not complete",
      todo: `put ${basename(path)} where the others lie`,
    });
  }
  try {
    const bytes = source.read(path);
    if (!path.endsWith(".gz")) return bytes;
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (cause) {
    if (cause instanceof TunewrightError) throw cause;
    const { message } = cause as Error;
    throw new DataError(`${where} cannot be read`, { why: message, todo: "get it anew", cause });
  }
}

function parseCsv(text: string, where: string): string[][] {
  try {
    return parse(text, { relax_column_count: true, skip_empty_lines: true });
  } catch (cause) {
    throw new DataError(`${where} is not CSV`, { why: (cause as Error).message, cause });
  }
}

/** @param where for messages @throws DataError where it is not JSON */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${where} is not JSON`, { why: (cause as Error).message, cause });
  }
}
