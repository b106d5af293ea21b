/** A folder that is either whole or absent: it is written beside its place and renamed when it is complete. */
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { ConfigError } from "../../util/errors.js";
import { realPath } from "../../util/outPlace.js";
import { writeAside } from "./writeAside.js";

/** Where a model is to be written. */
export interface OutFolder {
  /** Absolute path. */
  path: string;
  force: boolean;
}

/**
 * Understands `--out`.
 *
 * @param inputs paths that are read, which must not be replaced
 * @param mark file that a folder to be replaced has to have
 * @throws ConfigError where something is in the way
 */
export function chooseOutFolder(
  given: string,
  force: boolean,
  inputs: readonly string[],
  mark = "config.json",
): OutFolder {
  const path = resolve(given);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat) refuseWhatIsThere(path, stat.isDirectory(), force, mark);
  const place = `${realPath(path) ?? path}${sep}`;
  const lost = inputs.find((input) =>
    `${realPath(input) ?? resolve(input)}${sep}`.startsWith(place),
  );
  if (lost !== undefined) {
    throw new ConfigError(`--out ${given} is, or holds, ${lost}`, {
      why: "it is read while the new folder is written, and would be replaced by it",
      todo: "choose another name",
    });
  }
  return { path, force };
}

function refuseWhatIsThere(path: string, isFolder: boolean, force: boolean, mark: string): void {
  if (!isFolder) {
    throw new ConfigError(`--out ${path}: there is a file of this name`, {
      todo: "give the name of a folder",
    });
  }
  if (readdirSync(path).length === 0) return;
  if (force && existsSync(join(path, mark))) return;
  if (force) {
    throw new ConfigError(
      `--out ${path}: the folder is neither empty nor an older one of its kind`,
      {
        why: "what is in it would be lost",
        todo: "choose another name",
      },
    );
  }
  throw new ConfigError(`${path} exists`, { todo: "choose another name, or add --force" });
}

/**
 * Fills the folder, as {@link writeAside} does.
 *
 * @param bytes of the weights
 */
export function writeOutFolder(
  out: OutFolder,
  bytes: number,
  fill: (directory: string) => Promise<void>,
): Promise<void> {
  // An empty folder in its place does not hinder the renaming.
  const output = { ...out, form: "folder", force: true } as const;
  return writeAside(output, bytes, (directory) => {
    mkdirSync(directory);
    return fill(directory);
  });
}
