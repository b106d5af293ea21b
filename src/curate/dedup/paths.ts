/** Which files are read, and that none of them is written. */
import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { checkNotRead, checkOutName, resolveSources } from "../../data/index.js";
import { ConfigError } from "../../util/errors.js";
import { makeFolders } from "../../util/makeFolders.js";
import { checkOutPlace, realPath } from "../../util/outPlace.js";
import { isOwnFile } from "./workFolder.js";

/** Rows that stay, rows that go, and the clusters. */
export function outputPaths(out: string): [out: string, rejected: string, clusters: string] {
  return [out, `${out}.rejected.jsonl`, `${out}.clusters.jsonl`];
}

/**
 * The files that are meant; those that deduplication itself puts into `folder` are none of them.
 * @throws ConfigError for standard input, or one that would be written; as {@link resolveSources}
 */
export async function inputFiles(
  files: readonly string[],
  out: string,
  folder: string,
): Promise<string[]> {
  if (files.includes("-")) {
    throw new ConfigError("standard input cannot be deduplicated", {
      why: "rows are read twice: to compute signatures, and to write the output",
      todo: "write it to a file first",
    });
  }
  const signatures = realPath(folder);
  const paths = (await resolveSources(files)).filter(
    (path) => !(isOwnFile(path) && realPath(dirname(path)) === signatures),
  );
  const todo = "choose another --out, or delete the output of an earlier run";
  checkNotRead(outputPaths(out), paths, todo);
  return paths;
}

/**
 * Finds out before the work what would fail after it.
 * @throws ConfigError where `out` or what is written beside it cannot be a file
 */
export async function checkOutputs(out: string): Promise<void> {
  checkOutName(out);
  for (const path of outputPaths(out)) checkOutPlace(path);
  try {
    makeFolders(dirname(out));
    await access(dirname(out), constants.W_OK);
  } catch (cause) {
    throw cannotWrite(out, cause);
  }
}

export function cannotWrite(path: string, cause: unknown): ConfigError {
  return new ConfigError(`${path} cannot be written`, {
    why: cause instanceof Error ? cause.message : String(cause),
    todo: "choose another --out",
    cause,
  });
}
