/** Whether the machine has room for a run: memory, disk, the output directory. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { refuseOutput, type TrainingConfig } from "../../train/index.js";
import { readGpus, readMachine } from "../machine.js";
import type { Finding } from "./report.js";

/** Bytes of memory that the device has free (a GPU's: all of it). */
export function availableMemory(device: "cpu" | "cuda"): number {
  if (device === "cpu") return readMachine().memoryAvailableBytes;
  return readGpus()[0]?.memoryBytes ?? 0;
}

/** Bytes free on the disk that a directory is or will be on. */
export function freeDisk(directory: string): number {
  const { bavail, bsize } = statfsSync(existingParent(directory));
  return bavail * bsize;
}

/** Why a run could not begin in its output directory. */
export function checkOutput(config: TrainingConfig): Finding[] {
  const { output_dir: output } = config;
  const parent = existingParent(output);
  try {
    accessSync(parent, constants.W_OK);
  } catch {
    return [
      {
        what: `output_dir ${output} cannot be written`,
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
