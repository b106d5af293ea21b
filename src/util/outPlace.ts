/** Where a file may be put that is written beside its place and renamed when it is complete. */
import { lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigError } from "./errors.js";

/** The real path of a name; undefined if it does not exist. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/**
 * The lock of whoever writes an output file, the same by whatever name.
 *
 * @returns nothing where its folder does not exist
 */
export function outputLockOf(out: string): string | undefined {
  const folder = realPath(dirname(resolve(out)));
  if (folder === undefined || !statSync(folder).isDirectory()) return undefined;
  const target = realPath(out) ?? join(folder, basename(out));
  return join(dirname(target), `.${basename(target)}.lock`);
}

/**
 * A rename would put a file in the place of a pipe, a device or a link, and whoever reads those would
 * get nothing.
 *
 * @throws ConfigError if `out` is anything but a regular file or a name that is free
 */
export function checkOutPlace(out: string): void {
  const why = "the output is written to a temporary file and renamed when complete";
  const isFolder = out.endsWith("/") || found(() => statSync(out))?.isDirectory();
  if (isFolder) {
    throw new ConfigError(`${out} is a folder`, { todo: "give a file name, such as rows.jsonl" });
  }
  const there = found(() => lstatSync(out));
  // The shell's names, such as /dev/stdout, are links, perhaps to a regular file.
  const isDevice = out === "-" || /^\/(dev\/(?!shm\/)|proc\/)/.test(out);
  if (there?.isSymbolicLink() && !isDevice) {
    throw new ConfigError(`${out} is a symbolic link`, { why, todo: linkTodo(out) });
  }
  if (isDevice || there?.isFile() === false) {
    const todo = "give the name of a file, such as rows.jsonl";
    throw new ConfigError(`${out} is not a regular file`, { why, todo });
  }
}

/** What is there, if anything; why it cannot be looked at is told by whoever writes. */
function found(look: () => Stats): Stats | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function linkTodo(link: string): string {
  try {
    return `give the name of the file itself: ${realpathSync(link)}`;
  } catch {
    return "remove the link, which leads nowhere, or give another name";
  }
}
