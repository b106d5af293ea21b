/** Merges adapters into their model, and compares both. */
import { locateModel } from "../../generate/index.js";
import { readModelConfig } from "../../models/index.js";
import type { DType } from "../../tensor/index.js";
import { ConfigError } from "../../util/errors.js";
import { chooseOutFolder } from "../modelOut/outFolder.js";
import { openModelText } from "../modelOut/textFiles.js";
import { writeModel } from "../modelOut/writeModel.js";
import { type Comparison, compareMerged, rowsToCompare } from "./compare.js";

/** Options of the command. */
export interface MergeFlags {
  model: string;
  adapter: string[];
  out: string;
  dtype?: DType;
  maxShardSize: number;
  compare: boolean;
  force: boolean;
}

/** What was merged. */
export interface MergeReport {
  /** Path of the base model. */
  model: string;
  adapters: readonly string[];
  out: string;
  weights: number;
  bytes: number;
  files: readonly string[];
  /** Null where it was not asked for. */
  comparison: Comparison | null;
}

/**
 * @param say for what happens and should be known, a line each
 * @throws ConfigError, FormatError, EnvironmentError where something is missing, does not fit or has no room
 */
export async function runMerge(
  flags: MergeFlags,
  say: (line: string) => void,
): Promise<MergeReport> {
  const place = await locateModel(flags.model, flags.adapter);
  if (place.adapters.length === 0) {
    throw new ConfigError("there is no adapter to merge", {
      why: `${flags.model} is a model without adapters`,
      todo: "add --adapter DIR, or give the directory of a run that trained one as --model",
    });
  }
  const out = chooseOutFolder(flags.out, flags.force, [place.path, ...place.adapters]);
  const text = await openModelText(place);
  for (const [i, adapter] of place.adapters.entries()) {
    say(i === 0 ? `merging ${adapter} into ${place.name}` : `    and ${adapter}`);
  }
  const { notes, ...written } = await writeModel(place, text, out, {
    dtype: flags.dtype,
    maxShardBytes: flags.maxShardSize,
    say,
  });
  for (const note of notes) say(note);
  let comparison: Comparison | null = null;
  if (flags.compare) {
    say("comparing logits …");
    const rows = await rowsToCompare(text, readModelConfig(out.path).vocab_size);
    comparison = compareMerged(place, out.path, rows);
  }
  const { path: model, adapters } = place;
  return { model, adapters, out: out.path, ...written, comparison };
}
