/** The error for a path that does not exist, with a suggestion. */
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { nearestOf } from "../../util/editDistance.js";
import { DataError } from "../../util/errors.js";
import { describeHolder, lockHolder } from "../../util/fileLock.js";
import { brokenLink, statsOf } from "../../util/missingPath.js";
import { outputLockOf } from "../../util/outPlace.js";
import { isGlob } from "./glob.js";

const shownNames = 5;

/** The error for a path or pattern without a match; names the nearest thing that exists. */
export function noSuchPath(path: string, what = "no such file"): DataError {
  const link = isGlob(path) ? undefined : brokenLink(path);
  if (link !== undefined) {
    return new DataError(`${path}: ${what}`, { why: link, todo: "correct the link" });
  }
  const writer = isGlob(path) ? undefined : whoWrites(path);
  if (writer !== undefined) {
    return new DataError(`${path}: ${what}`, { why: writer, todo: "wait for it to end" });
  }
  const folder = nearestFolder(path);
  const rest = folder === "." ? path : path.slice(folder.length).replace(/^\/+/, "");
  const [next = ""] = rest.split("/");
  const names = list(folder);
  const near = isGlob(next) ? undefined : nearestOf(next, names);
  return new DataError(`${path}: ${what}`, {
    why: describeFolder(folder),
    todo:
      near === undefined
        ? "check the path; put a pattern such as 'data/**/*.jsonl' in quotes"
        : `did you mean ${join(folder, near)}?`,
  });
}

/** Who is writing a file that gets its name once it is complete; nothing where nobody is. */
function whoWrites(path: string): string | undefined {
  const lock = outputLockOf(path);
  const holder = lock === undefined ? undefined : lockHolder(lock);
  return holder && `It is being written. ${describeHolder(holder)}`;
}

/** The content of a folder, in one line. */
export function describeFolder(folder: string): string {
  const names = list(folder);
  if (names.length === 0) return `the folder ${folder} is empty`;
  const shown = names.slice(0, shownNames).join(", ");
  const others = names.length - shownNames;
  return `the folder ${folder} contains ${shown}${others > 0 ? ` and ${others} more` : ""}`;
}

/** The deepest folder of a path that exists. */
function nearestFolder(path: string): string {
  const fixed: string[] = [];
  for (const part of path.split("/")) {
    if (isGlob(part)) break;
    fixed.push(part);
  }
  const start = fixed.join("/") || (path.startsWith("/") ? "/" : ".");
  let folder = start === path ? dirname(start) : start;
  while (!statsOf(folder)?.isDirectory()) {
    const above = dirname(folder);
    if (above === folder) return ".";
    folder = above;
  }
  return folder;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !basename(name).startsWith("."))
      .sort();
  } catch {
    return [];
  }
}
