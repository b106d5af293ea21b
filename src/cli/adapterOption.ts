/** `--adapter`: a directory or id, perhaps with a weight. */
import { existsSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import type { AdapterName } from "../generate/index.js";

/** What the option takes, for its help. */
export const adapterForm = "--adapter <dir[=weight]>";

/** Collects the values of an option that can be given several times. */
export function collectAdapters(value: string, before: AdapterName[] = []): AdapterName[] {
  return [...before, adapterNameOf(value)];
}

/** `DIR=0.5` has a weight, unless there is something of this whole name. */
function adapterNameOf(value: string): AdapterName {
  const [, name, weight] = /^(.+)=([^=/]*)$/.exec(value) ?? [];
  if (name === undefined || existsSync(value)) return value;
  const number = weight?.trim() ? Number(weight) : Number.NaN;
  if (Number.isFinite(number)) return { name, weight: number };
  throw new InvalidArgumentError(
    `The weight "${weight}" is no number; give DIR or DIR=WEIGHT, such as output/my-run=0.5.`,
  );
}

/** An adapter with its weight, to be read. */
export function showAdapter(directory: string, weight: number): string {
  return weight === 1 ? directory : `${directory} (weight ${weight})`;
}
