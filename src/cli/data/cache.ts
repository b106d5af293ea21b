/** `tunewright data cache`: lists or deletes what is cached to open data files faster. */
import type { Command } from "commander";
import type { CachedFile } from "../../data/index.js";
import { addExamples, printJson } from "../command.js";
import { stdout } from "../output.js";

interface CacheFlags {
  clear?: boolean;
  gone?: boolean;
  json?: boolean;
}

export function registerCache(command: Command): void {
  command
    .description(
      "list the cache of data files: row indexes, and rows of compressed files and tables",
    )
    .option("--clear", "delete the cache; it is rebuilt when needed")
    .option("--gone", "only entries whose data file no longer exists, or that are incomplete")
    .option("--json", "print one JSON object on stdout");
  addExamples(command, "tunewright data cache", "tunewright data cache --clear --gone");
  command.action(() => cache(command.opts<CacheFlags>()));
}

async function cache({ clear = false, gone = false, json }: CacheFlags): Promise<void> {
  const { clearCache, listCache } = await import("../../data/index.js");
  const wanted = (entry: CachedFile) => !gone || !entry.sourceExists;
  const { folder, files: all } = listCache();
  const files = clear ? await clearCache(wanted) : all.filter(wanted);
  const bytes = files.reduce((sum, entry) => sum + entry.bytes, 0);
  if (json) {
    printJson({ folder, cleared: clear, bytes, files: files.map(jsonEntry) });
    return;
  }
  const lines = files.map(
    (entry) =>
      `${megabytes(entry.bytes).padStart(10)}  ${entry.holds.padEnd(10)}  ${title(entry)}\n`,
  );
  const verb = clear ? "deleted from" : "in";
  stdout.write(
    `${lines.join("")}${megabytes(bytes)} of ${files.length} ${files.length === 1 ? "file" : "files"} ${verb} ${folder}\n`,
  );
}

function title({ source, sourceExists, path }: CachedFile): string {
  return source === undefined ? path : `${source}${sourceExists ? "" : " (no longer exists)"}`;
}

function jsonEntry({ path, source, holds, bytes, sourceExists }: CachedFile) {
  return { path, source: source ?? null, holds, bytes, source_exists: sourceExists };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
