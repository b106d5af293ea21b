/** Files below a folder, and files that a pattern matches. */
import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { DataError } from "../../util/errors.js";
import { statsOf } from "../../util/missingPath.js";
import { expandBraces, globToRegExp, isGlob } from "./glob.js";
import { describeFolder, noSuchPath } from "./missing.js";
import { hasRowEnding, isBesideRows, isRowFile } from "./names.js";
import { expectShards } from "./savedShards.js";

/**
 * All files of rows below a folder, sorted.
 * @throws DataError where there are none
 */
export function filesOfFolder(folder: string): string[] {
  const paths = walk(folder, "", new Set(), () => true);
  const rows = paths.filter(isRowFile).sort();
  for (const path of rows) requireThere(join(folder, path));
  expectShards(folder, paths);
  if (rows.length > 0) return rows.map((path) => join(folder, path));
  throw new DataError(`${folder}: no data files found`, {
    why: describeFolder(folder),
    todo: "data files end in .jsonl, .json, .ndjson, .csv, .parquet or .arrow, optionally followed by .gz or .zst; give the path of any other file directly",
  });
}

/**
 * All files that a pattern matches, sorted; a folder that it matches stands for its files.
 * @throws DataError where there are none
 */
export function filesOfGlob(pattern: string): string[] {
  const found = new Set<string>();
  for (const one of expandBraces(pattern)) {
    for (const path of matches(one)) {
      const folder = statSync(path).isDirectory();
      for (const file of folder ? walkRows(path) : [path]) found.add(file);
    }
  }
  if (found.size > 0) return [...found].sort();
  throw noSuchPath(pattern, "no file matches");
}

/** Whether a folder or pattern would take a file of this name, which need not exist. */
export function isInputName(file: string, spec: string): boolean {
  const path = resolve(file);
  if (isGlob(spec)) return globToRegExp(resolve(spec)).test(path) && !isBesideRows(basename(path));
  if (!statsOf(spec)?.isDirectory()) return false;
  const inside = relative(realpathSync(spec), realName(path));
  return inside !== "" && !inside.startsWith("..") && isRowFile(inside);
}

/** With the links of its folder resolved, where that exists. */
function realName(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) ? join(realpathSync(folder), basename(path)) : path;
}

function walkRows(folder: string): string[] {
  const paths = walk(folder, "", new Set(), () => true).filter(hasRowEnding);
  const rows = paths
    .filter(isRowFile)
    .sort()
    .map((path) => join(folder, path));
  for (const path of rows) requireThere(path);
  return rows;
}

/** A file that its folder lists and that cannot be reached must not be left out without a word. */
function requireThere(path: string): void {
  if (statsOf(path)) return;
  if (!path.includes("\uFFFD")) throw noSuchPath(path);
  throw new DataError(`${path}: the name of this file is not UTF-8`, {
    why: "it has bytes that are no character, so the file cannot be opened by its name",
    todo: `rename it, for example with: mv ${dirname(path)}/${basename(path).replace(/\uFFFD+/g, "?")} rows.jsonl`,
  });
}

function matches(pattern: string): string[] {
  const parts = pattern.split("/");
  const fixed = parts.findIndex((part) => part === "**" || isGlob(part));
  if (fixed < 0) return statsOf(pattern) ? [pattern] : [];
  const base = parts.slice(0, fixed).join("/");
  const root = base === "" ? (pattern.startsWith("/") ? "/" : ".") : base;
  if (!statsOf(root)?.isDirectory()) return [];
  const rest = parts.slice(fixed);
  const test = globToRegExp(rest.join("/"));
  const endless = rest.includes("**");
  const asked = rest.some((part) => part.startsWith(".") || /rejected|manifest/.test(part));
  const enter = (path: string, depth: number) => {
    return (endless || depth < rest.length) && (asked || !isBesideRows(path));
  };
  const paths = walk(root, "", new Set(), enter, rest.at(-1) !== "**");
  const wanted = paths.filter((path) => test.test(path) && (asked || !isBesideRows(path)));
  const found = wanted.map((path) => (fixed === 0 ? path : join(root, path)));
  for (const path of found) requireThere(path);
  return found;
}

/**
 * Relative paths of files (and folders, where wanted), also of what leads nowhere; a link that leads back
 * up is not followed.
 */
function walk(
  root: string,
  below: string,
  above: ReadonlySet<string>,
  enter: (path: string, depth: number) => boolean,
  withFolders = false,
): string[] {
  const real = realpathSync(join(root, below));
  if (above.has(real)) return [];
  const inside = new Set(above).add(real);
  const depth = below === "" ? 1 : below.split("/").length + 1;
  return readdirSync(join(root, below)).flatMap((name) => {
    const path = below === "" ? name : `${below}/${name}`;
    const stats = statsOf(join(root, path));
    if (!stats?.isDirectory()) return [path];
    const within = enter(path, depth) ? walk(root, path, inside, enter, withFolders) : [];
    return withFolders ? [path, ...within] : within;
  });
}
