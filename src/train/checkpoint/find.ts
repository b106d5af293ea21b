/**
 * Finds the newest good checkpoint of a run after whatever happened to it: newest to oldest, each
 * one is compared with its manifest; broken ones are renamed, never deleted.
 */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { CheckpointError } from "../../util/errors.js";
import { brokenLink } from "../../util/missingPath.js";
import { type CheckpointFiles, realFiles } from "./files.js";
import { manifestName, verifyCheckpoint } from "./manifest.js";
import {
  type CheckpointPlace,
  checkpointName,
  freeName,
  listCheckpoints,
  listMatching,
} from "./names.js";

const halfRemoved = /^checkpoint-(\d+)(?:\.\w+(?:-\d+)?)?\.deleting(?:-\d+)?$/;

/** Outcome of a search. */
export interface FoundCheckpoint {
  /** The newest good one, or `undefined` where there is none. */
  readonly checkpoint: (CheckpointPlace & { readonly resumable: boolean }) | undefined;
  /** One line for each thing that was found broken and what became of it. */
  readonly warnings: readonly string[];
}

/** How to search. */
export interface FindOptions {
  /** Whether to only look, as in a run that another process may be writing; default false. */
  readonly readOnly?: boolean;
  readonly files?: CheckpointFiles;
}

/**
 * Looks through `runDirectory`. Unless `readOnly`, it also tidies what an interrupted save or removal
 * left there, so the caller must hold the run's lock.
 */
export async function findLatestCheckpoint(
  runDirectory: string,
  { readOnly = false, files = realFiles }: FindOptions = {},
): Promise<FoundCheckpoint> {
  const warnings: string[] = [];
  if (!readOnly) {
    for (const { path } of listMatching(runDirectory, halfRemoved)) files.remove(path);
    await finishSaves(runDirectory, files, warnings);
  }
  for (const place of listCheckpoints(runDirectory)) {
    const { manifest, problems, extras } = await verifyCheckpoint(place.path);
    const name = basename(place.path);
    if (manifest && problems.length === 0) {
      if (extras.length > 0) warnings.push(`${name} has other files: ${extras.join(", ")}.`);
      return { checkpoint: { ...place, resumable: manifest.resumable }, warnings };
    }
    const defect = `${name} is damaged (${problems.join("; ")})`;
    if (readOnly) {
      warnings.push(`${defect}: skipped.`);
      continue;
    }
    const aside = freeName(`${place.path}.broken`);
    files.rename(place.path, aside);
    files.sync(runDirectory);
    warnings.push(`${defect}: renamed to ${basename(aside)}.`);
  }
  return { checkpoint: undefined, warnings };
}

/** A save that was complete but for its last rename gets its name; any other rest is removed. */
async function finishSaves(
  runDirectory: string,
  files: CheckpointFiles,
  warnings: string[],
): Promise<void> {
  for (const { path, step } of listMatching(runDirectory, /^checkpoint-(\d+)\.tmp$/)) {
    const { manifest, problems } = await verifyCheckpoint(path);
    const target = join(runDirectory, checkpointName(step));
    if (manifest?.step === step && problems.length === 0 && !existsSync(target)) {
      files.rename(path, target);
      files.sync(runDirectory);
    } else {
      files.remove(path);
      warnings.push(`An incomplete save of ${checkpointName(step)} was removed.`);
    }
  }
  // What a save of the same step was to take the place of.
  for (const { path, step } of listMatching(
    runDirectory,
    /^checkpoint-(\d+)\.replaced(?:-\d+)?$/,
  )) {
    const target = join(runDirectory, checkpointName(step));
    const { manifest, problems } = await verifyCheckpoint(target);
    if (manifest && problems.length === 0) files.remove(path);
    else if (!existsSync(target)) files.rename(path, target);
  }
}

/**
 * The checkpoint to go on from.
 *
 * @param resume what `resume_from_checkpoint` says: `false`, `true` for the newest in
 * `runDirectory`, or the path of a checkpoint or of a run
 * @param options.readOnly only looks; otherwise `runDirectory` is tidied, as in a search
 * @returns `checkpoint: undefined` to begin at step 0: with `false`, and with `true` where the run
 * has not saved yet
 * @throws {CheckpointError} where the checkpoint asked for is missing, damaged or cannot be resumed,
 * or where all of a run's are damaged
 */
export async function resolveResume(
  runDirectory: string,
  resume: boolean | string,
  { readOnly = false }: Pick<FindOptions, "readOnly"> = {},
): Promise<FoundCheckpoint> {
  if (resume === false) return { checkpoint: undefined, warnings: [] };
  if (typeof resume === "string" && isCheckpoint(resume)) return openCheckpoint(resume);
  const own = resume === true || resolve(resume) === resolve(runDirectory);
  const directory = resume === true ? runDirectory : resume;
  if (resume !== true && !existsSync(resume)) {
    throw new CheckpointError(`There is no checkpoint ${resume}`, {
      why: brokenLink(resume) ?? "No such directory.",
      todo: "Give the path of a checkpoint-N directory, or --resume alone for the newest one.",
    });
  }
  const found = await findLatestCheckpoint(directory, { readOnly: readOnly || !own });
  if (found.checkpoint) {
    refuseWeightsOnly(found.checkpoint);
    return found;
  }
  if (listMatching(directory, /^checkpoint-(\d+)(?:\.broken(?:-\d+)?)?$/).length > 0) {
    throw new CheckpointError(`No checkpoint in ${directory} is intact`, {
      why: found.warnings.at(-1) ?? "All of them were damaged and have been renamed.",
      todo: "Start over with another output_dir, or with --overwrite_output_dir.",
    });
  }
  if (resume !== true) {
    throw new CheckpointError(`There is no checkpoint in ${directory}`, {
      why: "It contains no directory named checkpoint-N.",
      todo: "Give the path of a run that has saved one.",
    });
  }
  const note = `--resume: ${directory} has no checkpoint yet, so training starts at step 0.`;
  return { checkpoint: undefined, warnings: [...found.warnings, note] };
}

function isCheckpoint(path: string): boolean {
  return existsSync(join(path, manifestName)) || /^checkpoint-\d+$/.test(basename(path));
}

async function openCheckpoint(path: string): Promise<FoundCheckpoint> {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CheckpointError(`There is no checkpoint ${path}`, {
      why: brokenLink(path) ?? "No such directory.",
      todo: "Give the path of a checkpoint-N directory, or --resume alone for the newest one.",
    });
  }
  const { manifest, problems, extras } = await verifyCheckpoint(path);
  if (!manifest || problems.length > 0) {
    throw new CheckpointError(`The checkpoint ${path} is damaged`, {
      why: `${problems.join("; ")}.`,
      todo: `Use --resume alone: it takes the newest intact checkpoint in ${dirname(path)}.`,
    });
  }
  const checkpoint = { path, step: manifest.step, resumable: manifest.resumable };
  refuseWeightsOnly(checkpoint);
  const warnings = extras.length > 0 ? [`${path} has other files: ${extras.join(", ")}.`] : [];
  return { checkpoint, warnings };
}

function refuseWeightsOnly({ path, resumable }: { path: string; resumable: boolean }): void {
  if (resumable) return;
  throw new CheckpointError(`The checkpoint ${path} cannot be resumed`, {
    why: "It was saved with save_only_model, that is without optimizer and data state.",
    todo: "Start a new run with another output_dir.",
  });
}

/**
 * Renames checkpoints later than `step`: they belong to a course that the run has left by resuming
 * from an earlier one. @returns one line each
 */
export function setAsideLater(
  runDirectory: string,
  step: number,
  files: CheckpointFiles = realFiles,
): string[] {
  const later = listCheckpoints(runDirectory).filter((place) => place.step > step);
  return later.map(({ path }) => {
    const aside = freeName(`${path}.superseded`);
    files.rename(path, aside);
    files.sync(runDirectory);
    return `${basename(path)} lies after the resumed step ${step}: renamed to ${basename(aside)}.`;
  });
}
