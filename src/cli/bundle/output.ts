/** Where a bundle is written: aside first, then under its name, so that half a one never has that name. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { syncPath } from "../../util/atomicFile.js";
import { ConfigError, EnvironmentError } from "../../util/errors.js";
import { makeFolders } from "../../util/makeFolders.js";

/** How the bundle is to be written. */
export interface Output {
  /** Absolute path of the archive or folder. */
  path: string;
  /** `gzip`, `tar`, or a folder. */
  form: "gzip" | "tar" | "folder";
  force: boolean;
}

const otherArchives = /\.(zip|7z|rar|gz|xz|bz2|zst|txz|tbz2?|tzst)$/i;

/**
 * Understands `--out`.
 *
 * @throws ConfigError for a kind of archive that is not written, or where something is in the way
 */
export function chooseOutput(given: string, force: boolean): Output {
  const path = resolve(given);
  const form = /\.(tar\.gz|tgz)$/i.test(path) ? "gzip" : /\.tar$/i.test(path) ? "tar" : "folder";
  if (form === "folder" && otherArchives.test(path)) {
    throw new ConfigError(`--out ${given}: this kind of archive is not written`, {
      todo: "use a name that ends in .tar.gz or .tar, or that of a folder",
    });
  }
  const output: Output = { path, form, force };
  refuseWhatIsThere(output);
  return output;
}

function refuseWhatIsThere({ path, form, force }: Output): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (stat.isDirectory() !== (form === "folder")) {
    const what = stat.isDirectory() ? "a folder" : "a file";
    throw new ConfigError(`--out ${path}: there is ${what} of this name`, {
      todo: "choose another name",
    });
  }
  if (stat.isDirectory()) {
    if (readdirSync(path).length === 0) return;
    if (!existsSync(join(path, "bundle"))) {
      throw new ConfigError(`--out ${path}: the folder is neither empty nor a bundle`, {
        why: "what is in it would be lost",
        todo: "choose another name",
      });
    }
  }
  if (force) return;
  throw new ConfigError(`${path} exists`, { todo: "choose another name, or add --force" });
}

/** Temporary folder beside the output, on the same disk; those of bundlings that were killed are removed. */
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
export function refuseFullDisk(folder: string, bytes: number, what = "the bundle"): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new EnvironmentError(`the disk has no room for ${what}`, {
    why: `some ${showSize(bytes)} are needed in ${folder}, and ${showSize(free)} are free`,
    todo: "free some space, or choose an --out on another disk",
  });
}

export function showSize(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

const archivers = new Set<ChildProcess>();

/** Ends `tar` at work; for an interruption. */
export function stopArchiver(): void {
  for (const child of archivers) child.kill("SIGKILL");
}

/** Packs the folder `name` of `folder` into an archive. */
export async function writeArchive(
  folder: string,
  name: string,
  file: string,
  gzip: boolean,
): Promise<void> {
  const flags = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name", "--format=posix"];
  const pax = "--pax-option=delete=atime,delete=ctime";
  const args = [...(gzip ? ["-z"] : []), ...flags, pax, "-cf", file, "-C", folder, name];
  const child = spawn("tar", args, { stdio: ["ignore", "ignore", "pipe"] });
  archivers.add(child);
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  const code = await new Promise<number | null>((done) => {
    child.on("error", (error) => {
      said += error.message;
      done(null);
    });
    child.on("close", done);
  });
  archivers.delete(child);
  if (code === 0) return syncPath(file);
  const full = /No space left|cannot write/i.test(said);
  throw new EnvironmentError(full ? "the disk is full" : "the archive could not be written", {
    why: said.trim().split("\n")[0] || `tar ended with ${code}`,
    todo: "free some space, or choose an --out on another disk; nothing was left behind",
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
        why: "it appeared while the bundle was written",
        todo: "choose another name, or add --force",
        cause: error,
      });
    }
  }
}
