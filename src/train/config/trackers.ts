/** `report_to`: which experiment trackers there are, and what their names may look like. */
import { z } from "zod";

/** Trackers that a run can report to; `src/tracking/registry.ts` has one line for each. */
export const trackerNames = [
  "tensorboard",
  "wandb",
  "csv",
  "mlflow",
  "swanlab",
] as const satisfies readonly string[];

export type TrackerName = (typeof trackerNames)[number];

/** Trackers that transformers knows and Tunewright does not. */
export const foreignTrackers: readonly string[] = (
  "azure_ml clearml codecarbon comet_ml dagshub dvclive flyte kubeflow mlflow neptune swanlab " +
  "tensorboard trackio wandb"
).split(" ");

/** What people write for "no tracker"; YAML 1.1 reads an unquoted `no` as false. */
const none = new Set(["none", "no", "false", "off", "n", "f", "0", "null"]);

/**
 * Names of trackers: a list, or one string of them with commas or spaces, in capitals or not. `false`,
 * `no`, an empty string and the like become an empty list. Whether a name is known is judged later.
 */
export function trackers() {
  return z.preprocess(readNames, z.array(z.string().min(1)));
}

function readNames(value: unknown): unknown {
  if (value === false || value === 0 || value === null) return [];
  if (typeof value === "string") return namesOf([value]);
  return Array.isArray(value) && value.every((item) => typeof item === "string" || item === false)
    ? namesOf(value.map(String))
    : value;
}

function namesOf(texts: readonly string[]): string[] {
  const words = texts.flatMap((text) => text.toLowerCase().match(/[^\s,]+/g) ?? []);
  const names = words.map((word) => (none.has(word) ? "none" : word.replaceAll("-", "_")));
  const unique = [...new Set(names)];
  return unique.length === 1 && unique[0] === "none" ? [] : unique;
}
