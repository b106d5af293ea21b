/** The files of benchmarks, as their publishers lay them out, under one directory of the user's. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { ConfigError, DataError } from "../util/errors.js";
import type { Benchmark, BenchmarkFiles } from "./types.js";

/** Folders below the given directory in which a benchmark is looked for. */
const DEPTH = 3;

/** Markers that a message names; a benchmark may have one for each subject. */
const MARKERS_SHOWN = 2;

/**
 * Finds a benchmark's folder: that of its name first, then the directory itself and the folders in it.
 *
 * @param dataDir the directory that the user gave
 * @throws ConfigError saying where it was looked for
 */
export function openBenchmark(
  { name, markers, source, folder: own }: Omit<Benchmark, "tasks">,
  dataDir: string,
): BenchmarkFiles {
  if (own !== undefined) return filesOf(resolve(own));
  if (!statSync(dataDir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new ConfigError(`${dataDir} is not a directory`, {
      todo: "give the directory that holds the benchmarks with --data",
    });
  }
  for (const start of [join(dataDir, name), dataDir]) {
    const folder = folderWith(markers, start, DEPTH);
    if (folder !== undefined) return filesOf(resolve(folder));
  }
  throw new ConfigError(`the files of ${name} are not in ${dataDir}`, {
    why: `there is no ${markers.slice(0, MARKERS_SHOWN).join(" or ")} in it, in its folders or in theirs`,
    todo: `get them from ${source}`,
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
  const text = async (path: string) => readText(join(folder, path));
  return {
    folder,
    has: (path) => existsSync(join(folder, path)),
    text,
    csv: async (path) => parseCsv(await text(path), join(folder, path)),
    json: async (path) => parseValue(await text(path), join(folder, path)),
    jsonl: async (path) =>
      (await text(path))
        .split("\n")
        .map((line, i) => ({ line, where: `${join(folder, path)}:${i + 1}` }))
        .filter(({ line }) => line.trim() !== "")
        .map(({ line, where }) => parseValue(line, where)),
  };
}

function readText(path: string): string {
  const bytes = readBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DataError(`${path} is not UTF-8`, { todo: "convert it to UTF-8", cause });
  }
}

function readBytes(path: string): Buffer {
  try {
    const bytes = readFileSync(path);
    return path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new DataError(`${path} ${isMissing ? "is missing" : "cannot be read"}`, {
      why: isMissing ? "the benchmark is not complete" : (cause as Error).message,
      todo: `put ${basename(path)} where the others lie`,
      cause,
    });
  }
}

function parseCsv(text: string, where: string): string[][] {
  try {
    return parse(text, { relax_column_count: true, skip_empty_lines: true });
  } catch (cause) {
    throw new DataError(`${where} is not CSV`, { why: (cause as Error).message, cause });
  }
}

function parseValue(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${where} is not JSON`, { why: (cause as Error).message, cause });
  }
}
