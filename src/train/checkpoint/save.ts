/**
 * Writes a checkpoint so that a crash at any point leaves the run with a good one: everything goes
 * into a directory with a temporary name, each file is synced, the manifest is renamed in last, and
 * only then does the directory take its name and may older ones go.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { saveFailure } from "./failure.js";
import { type CheckpointFiles, realFiles } from "./files.js";
import {
  describeFiles,
  listFiles,
  type Manifest,
  manifestName,
  verifyCheckpoint,
} from "./manifest.js";
import {
  type CheckpointPlace,
  checkpointName,
  freeName,
  listCheckpoints,
  listMatching,
  temporaryName,
} from "./names.js";

export interface SaveOptions {
  /** Checkpoints to keep; the oldest go first. No limit where not given. */
  readonly totalLimit?: number | null;
  /** Step of a checkpoint that stays whatever its age: the best one. */
  readonly keptStep?: number | undefined;
  /** False where optimizer and data state are left out; default true. */
  readonly resumable?: boolean;
  readonly files?: CheckpointFiles;
}

/** A checkpoint that was saved. */
export interface SavedCheckpoint {
  readonly path: string;
  readonly step: number;
  readonly bytes: number;
  /** Older checkpoints that were removed, as paths. */
  readonly removed: readonly string[];
}

/**
 * @param runDirectory the run's `output_dir`
 * @param step optimizer steps done
 * @param write writes the checkpoint's files into the directory that it gets
 * @throws {EnvironmentError} where writing fails; earlier checkpoints are then as they were
 */
export async function saveCheckpoint(
  runDirectory: string,
  step: number,
  write: (directory: string) => void | Promise<void>,
  options: SaveOptions = {},
): Promise<SavedCheckpoint> {
  const { resumable = true, files = realFiles } = options;
  const target = join(runDirectory, checkpointName(step));
  const temporary = join(runDirectory, temporaryName(step));
  let bytes: number;
  try {
    files.remove(temporary);
    files.makeDirectory(temporary);
    await write(temporary);
    const described = await describeFiles(temporary);
    bytes = described.reduce((sum, { size }) => sum + size, 0);
    syncTree(temporary, files);
    const manifest: Manifest = {
      format: "tunewright-checkpoint",
      version: 1,
      step,
      resumable,
      created: new Date().toISOString(),
      files: described,
    };
    putManifest(temporary, manifest, files);
    if (existsSync(target)) files.rename(target, freeName(`${target}.replaced`));
    files.rename(temporary, target);
    files.sync(runDirectory);
  } catch (cause) {
    removeQuietly(temporary, files);
    throw saveFailure(checkpointName(step), runDirectory, cause);
  }
  const removed = await rotate(runDirectory, step, options);
  return { path: target, step, bytes, removed };
}

/** A rest that stays is harmless: the next search removes it. */
export function removeQuietly(path: string, files: CheckpointFiles): void {
  try {
    files.remove(path);
  } catch {
    return;
  }
}

function putManifest(directory: string, manifest: Manifest, files: CheckpointFiles): void {
  const path = join(directory, manifestName);
  const temporary = `${path}.tmp`;
  files.writeText(temporary, `${JSON.stringify(manifest, null, 2)}\n`);
  files.sync(temporary);
  files.rename(temporary, path);
  files.sync(directory);
}

/** Makes all files below a directory, and their names, survive a power cut. */
export function syncTree(directory: string, files: CheckpointFiles): void {
  const folders = new Set([directory]);
  for (const path of listFiles(directory)) {
    const full = join(directory, path);
    files.sync(full);
    folders.add(dirname(full));
  }
  for (const folder of folders) files.sync(folder);
}

/** Removes what the new checkpoint makes surplus, once it is seen to be complete. */
async function rotate(
  runDirectory: string,
  newest: number,
  options: SaveOptions,
): Promise<string[]> {
  const { files = realFiles } = options;
  const { problems } = await verifyCheckpoint(join(runDirectory, checkpointName(newest)), "size");
  if (problems.length > 0) return [];
  const replaced = listMatching(runDirectory, /^checkpoint-(\d+)\.replaced(?:-\d+)?$/);
  for (const { path, step } of replaced) if (step === newest) removeCheckpoint(path, files);
  const surplus = surplusOf(
    listCheckpoints(runDirectory).filter(({ step }) => step <= newest),
    options,
  );
  for (const { path } of surplus) removeCheckpoint(path, files);
  return surplus.map(({ path }) => path);
}

/**
 * Which checkpoints go: the oldest, until as many as `totalLimit` are left. The newest and the kept one
 * stay, so with a limit of 1 there may be two, as in transformers.
 *
 * @param checkpoints newest first
 */
function surplusOf(
  checkpoints: readonly CheckpointPlace[],
  { totalLimit = null, keptStep }: Pick<SaveOptions, "totalLimit" | "keptStep">,
): CheckpointPlace[] {
  if (totalLimit === null) return [];
  const mayGo = checkpoints.slice(1).filter(({ step }) => step !== keptStep);
  const count = Math.max(0, checkpoints.length - Math.max(1, totalLimit));
  return count === 0 ? [] : mayGo.slice(-count);
}

/**
 * Makes room before a save: removes the oldest checkpoint if there are as many as `totalLimit`, so
 * that it would go after the save, and a newer one is intact.
 *
 * @returns its path; nothing where none may go
 */
export async function freeSurplus(
  runDirectory: string,
  { totalLimit = null, keptStep, files = realFiles }: SaveOptions,
): Promise<string | undefined> {
  const [newest, ...older] = listCheckpoints(runDirectory);
  const oldest = older.filter(({ step }) => step !== keptStep).at(-1);
  if (totalLimit === null || !newest || !oldest || older.length + 1 < totalLimit) return undefined;
  const { problems } = await verifyCheckpoint(newest.path);
  if (problems.length > 0) return undefined;
  removeCheckpoint(oldest.path, files);
  return oldest.path;
}

/** Takes the name away first, so that a half-removed checkpoint is never taken for one. */
function removeCheckpoint(path: string, files: CheckpointFiles): void {
  const doomed = freeName(`${path}.deleting`);
  files.rename(path, doomed);
  files.sync(dirname(path));
  files.remove(doomed);
}
