/** Checks whether the machine has enough memory and disk, and whether output_dir can be used. */
import { accessSync, constants, existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { freeBytes, refuseOutput, type TrainingConfig } from "../../train/index.js";
import type { Finding } from "./report.js";

/** Free bytes on the disk of a directory, which need not exist yet. */
export function freeDisk(directory: string): number {
  return freeBytes(existingParent(directory));
}

/** Reasons why a run could not start in its output directory. */
export function checkOutput(config: TrainingConfig): Finding[] {
  const { output_dir: output } = config;
  const parent = existingParent(output);
  try {
    accessSync(parent, constants.W_OK);
  } catch {
    return [
      {
        what: `output_dir ${output} cannot be written to`,
        why: `${parent} is not writable`,
        todo: "use another output_dir",
        blocking: true,
      },
    ];
  }
  const refusal = refuseOutput(config);
  if (!refusal) return [];
  const { message: what, why = "", todo = "" } = refusal;
  return [{ what, why, todo, blocking: true }];
}

function existingParent(path: string): string {
  let folder = resolve(path);
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}
