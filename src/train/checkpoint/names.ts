/** Names of checkpoint directories inside a run. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** A directory that is named like a checkpoint; whether it is a good one is another question. */
export interface CheckpointPlace {
  readonly path: string;
  readonly step: number;
}

export const checkpointName = (step: number): string => `checkpoint-${step}`;

/** The name while it is being written. */
export const temporaryName = (step: number): string => `checkpoint-${step}.tmp`;

/** `path`, or `path-2`, `path-3`, … where that is taken. */
export function freeName(path: string): string {
  if (!existsSync(path)) return path;
  let count = 2;
  while (existsSync(`${path}-${count}`)) count++;
  return `${path}-${count}`;
}

/** Directories named `checkpoint-N`, newest first. */
export function listCheckpoints(runDirectory: string): CheckpointPlace[] {
  return listMatching(runDirectory, /^checkpoint-(\d+)$/);
}

/** Directories whose name matches; the first group is the step. Newest first. */
export function listMatching(runDirectory: string, pattern: RegExp): CheckpointPlace[] {
  if (!existsSync(runDirectory)) return [];
  return readdirSync(runDirectory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && pattern.test(entry.name))
    .map(({ name }) => {
      return { path: join(runDirectory, name), step: Number(pattern.exec(name)?.[1]) };
    })
    .sort((one, other) => other.step - one.step);
}
