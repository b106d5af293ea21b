/** An output that is whole or absent: it is written aside first, then under its name, so that half a one never has that name. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { syncPath } from "../util/atomicFile.js";
import { ConfigError, EnvironmentError } from "../util/errors.js";
import { makeFolders } from "../util/makeFolders.js";
import { showBytes } from "../util/showBytes.js";

/** Where an output goes. */
export interface Output {
  /** Absolute path of the archive or folder. */
  path: string;
  /** `gzip`, `tar`, any other file, or a folder. */
  form: "gzip" | "tar" | "file" | "folder";
  force: boolean;
}

/** Temporary folder beside the output, on the same disk; those of programs that were killed are removed. */
export function temporaryFolder({ path }: Output): string {
  const folder = dirname(path);
  const start = `.${basename(path)}.tmp-${hostname()}-`;
  try {
    makeFolders(folder);
    for (const name of readdirSync(folder)) {
      const pid = name.startsWith(start) ? name.slice(start.length) : undefined;
      if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(folder, name), { recursive: true });
    }
    const temporary = join(folder, `${start}${process.pid}`);
    mkdirSync(temporary);
    return temporary;
  } catch (error) {
    throw new ConfigError(`--out: ${folder} cannot be written to`, {
      why: error instanceof Error ? error.message : String(error),
      todo: "choose another place",
      cause: error,
    });
  }
}

/** @throws EnvironmentError where the disk has no room for so many bytes of `what` */
export function refuseFullDisk(folder: string, bytes: number, what: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new EnvironmentError(`the disk has no room for ${what}`, {
    why: `some ${showBytes(bytes)} are needed in ${folder}, and ${showBytes(free)} are free`,
    todo: "free some space, or choose an --out on another disk",
  });
}

/**
 * Gives the finished file or folder its name.
 *
 * @throws ConfigError where another program has made a file of this name meanwhile
 */
export function putInPlace(finished: string, { path, form, force }: Output): void {
  if (form === "folder") {
    const old = `${finished}.old`;
    if (force && existsSync(path)) renameSync(path, old);
    renameSync(finished, path);
    rmSync(old, { recursive: true, force: true });
  } else {
    if (!force) refuseNameTaken(finished, path);
    renameSync(finished, path);
  }
  syncPath(dirname(path));
}

/** A link, unlike a renaming, never replaces a file; disks without links (FAT) are only looked at. */
function refuseNameTaken(finished: string, path: string): void {
  try {
    linkSync(finished, path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST" || existsSync(path)) {
      throw new ConfigError(`${path} exists`, {
        why: "it appeared while this output was written",
        todo: "choose another name, or add --force",
        cause: error,
      });
    }
  }
}
