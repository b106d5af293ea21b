/** Folders that datasets' save_to_disk writes: Arrow files, and a `state.json` that lists them. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DataError } from "../../util/errors.js";

/**
 * Checks that no Arrow file is missing which a `state.json` lists.
 * @param paths the folder's files, relative to it
 * @throws DataError where one is
 */
export function expectShards(folder: string, paths: readonly string[]): void {
  const known = new Set(paths);
  for (const state of paths.filter((path) => /(^|\/)state\.json$/.test(path))) {
    const missing = shardsIn(join(folder, state))
      .map((name) => join(dirname(state), name))
      .find((path) => !known.has(path));
    if (missing === undefined) continue;
    throw new DataError(`${folder}: ${missing} is missing`, {
      why: `${state}, which datasets' save_to_disk wrote, lists it`,
      todo: "copy the whole folder again, or give the files that are there by their names",
    });
  }
}

/** Names of files; none where another program wrote the file. */
function shardsIn(path: string): string[] {
  try {
    const files: unknown = JSON.parse(readFileSync(path, "utf8"))._data_files;
    return Array.isArray(files) ? files.map(({ filename }) => String(filename)) : [];
  } catch {
    return [];
  }
}
