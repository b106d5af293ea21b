/** Which form a bundle has, and how archives are packed. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { syncPath } from "../../util/atomicFile.js";
import { ConfigError, EnvironmentError } from "../../util/errors.js";
import type { Output } from "../wholeOutput.js";

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
