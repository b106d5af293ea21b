/**
 * The result of a run at the root of its directory: adapter or model, tokenizer, names. It is written
 * as a set. All files are first made complete in a directory of their own; from the moment that this
 * takes its name, the new result exists, and putting it in place can be done again by anyone.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { abandonedTemporaries } from "../../util/atomicFile.js";
import { Interrupted } from "../../util/signals.js";
import { saveFailure } from "./failure.js";
import { type CheckpointFiles, realFiles } from "./files.js";
import { checkFile, describeFiles, resultSchema } from "./manifest.js";
import { removeQuietly, syncTree } from "./save.js";

/** Lists the files of the result, at the root of a run. It is put there last. */
export const resultName = "result.json";

/** Where a complete result lies that is not in place yet. */
export const stagedName = "result.staged";

/** Where one is being written, or taken away. */
const temporaryName = "result.tmp";

type ResultManifest = ReturnType<typeof resultSchema.parse>;

/**
 * Replaces the result of a run. After a crash at any point, either the old or the new one can be
 * read as a whole: what is staged counts where it exists, else what lies at the root.
 *
 * @param step optimizer steps done
 * @param write writes the files into the directory that it gets
 * @throws EnvironmentError where writing fails, Interrupted where `write` is; the old result is then as
 *   it was
 */
export async function saveResult(
  runDirectory: string,
  step: number,
  write: (directory: string) => void | Promise<void>,
  files: CheckpointFiles = realFiles,
): Promise<void> {
  const temporary = join(runDirectory, temporaryName);
  try {
    finishResult(runDirectory, files);
    files.makeDirectory(temporary);
    await write(temporary);
    const manifest: ResultManifest = {
      format: "tunewright-result",
      version: 1,
      step,
      created: new Date().toISOString(),
      files: await describeFiles(temporary),
    };
    files.writeText(join(temporary, resultName), `${JSON.stringify(manifest, null, 2)}\n`);
    syncTree(temporary, files);
    files.rename(temporary, join(runDirectory, stagedName));
    files.sync(runDirectory);
    finishResult(runDirectory, files);
  } catch (cause) {
    removeQuietly(temporary, files);
    if (cause instanceof Interrupted) throw cause;
    throw saveFailure(`the result in ${runDirectory}`, runDirectory, cause);
  }
}

/**
 * Puts a staged result in place, where a crash has left one, and removes what it has left of others.
 * The caller holds the run's lock.
 */
export function finishResult(runDirectory: string, files: CheckpointFiles = realFiles): void {
  const staged = join(runDirectory, stagedName);
  const temporary = join(runDirectory, temporaryName);
  for (const rest of [temporary, ...abandonedTemporaries(runDirectory)]) files.remove(rest);
  const manifest = readManifest(staged);
  if (!manifest) return;
  const old = readManifest(runDirectory)?.files ?? [];
  const paths = [...manifest.files.map(({ path }) => path), resultName];
  for (const path of paths) {
    const target = join(runDirectory, path);
    const duplicate = `${target}.tmp`;
    if (dirname(path) !== ".") files.makeDirectory(dirname(target));
    files.remove(duplicate);
    // The staged file stays, so that the set is whole until all of it is in place.
    files.duplicate(join(staged, path), duplicate);
    files.rename(duplicate, target);
  }
  for (const { path } of old) if (!paths.includes(path)) files.remove(join(runDirectory, path));
  files.sync(runDirectory);
  files.rename(staged, temporary);
  files.remove(temporary);
}

/**
 * Compares the result of a run with its manifest.
 *
 * @returns where it lies, and a line for each defect; nothing where a run has no result, or one of a
 * version that wrote no manifest
 */
export async function verifyResult(
  runDirectory: string,
): Promise<{ directory: string; step: number; problems: string[] } | undefined> {
  const staged = join(runDirectory, stagedName);
  const directory = existsSync(staged) ? staged : runDirectory;
  const manifest = readManifest(directory);
  if (!manifest) return undefined;
  const problems: string[] = [];
  for (const file of manifest.files) {
    const isRewritten = file.path === runConfigName && directory === runDirectory;
    problems.push(
      ...(isRewritten ? checkJson(directory) : await checkFile(directory, file, "hash")),
    );
  }
  return { directory, step: manifest.step, problems };
}

/** An attempt that has begun since puts its own settings into this file at the root of a run. */
const runConfigName = "config.json";

function checkJson(directory: string): string[] {
  try {
    JSON.parse(readFileSync(join(directory, runConfigName), "utf8"));
    return [];
  } catch {
    return [`${runConfigName} is missing or damaged`];
  }
}

function readManifest(directory: string): ResultManifest | undefined {
  try {
    return resultSchema.parse(JSON.parse(readFileSync(join(directory, resultName), "utf8")));
  } catch {
    return undefined;
  }
}
