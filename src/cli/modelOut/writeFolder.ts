/** A model as a folder in Hugging Face's layout: written, and compared with what it was made of. */
import type { ModelPlace } from "../../generate/index.js";
import { readModelConfig } from "../../models/index.js";
import { readScores } from "./card/scores.js";
import { type Comparison, compareWritten, rowsToCompare } from "./compare.js";
import { type ModelOutFlags, SHARD_BYTES } from "./options.js";
import { chooseOutFolder } from "./outFolder.js";
import { openModelText } from "./textFiles.js";
import { type WriteModelOptions, writeModel } from "./writeModel.js";

/** What was written. */
export interface ModelReport {
  /** Path of the base model. */
  model: string;
  adapters: readonly string[];
  /** Factor on what each of them adds. */
  adapter_weights: readonly number[];
  out: string;
  weights: number;
  bytes: number;
  /** Weight files. */
  files: readonly string[];
  /** Null where it was not asked for. */
  comparison: Comparison | null;
}

/**
 * @param say for what happens and should be known, a line each
 * @throws ConfigError, FormatError, EnvironmentError where something is missing, does not fit or has no room
 */
export async function writeFolder(
  place: ModelPlace,
  flags: ModelOutFlags,
  options: Omit<WriteModelOptions, "dtype" | "maxShardBytes" | "scores">,
): Promise<ModelReport> {
  const out = chooseOutFolder(flags.out, flags.force, [place.path, ...place.adapters]);
  const scores = (flags.results ?? []).flatMap(readScores);
  const text = await openModelText(place);
  const { notes, ...written } = await writeModel(place, text, out, {
    ...options,
    dtype: flags.dtype,
    maxShardBytes: flags.maxShardSize ?? SHARD_BYTES,
    scores,
  });
  for (const note of notes) options.say(note);
  let comparison: Comparison | null = null;
  if (flags.compare) {
    options.say("comparing logits …");
    const rows = await rowsToCompare(text, readModelConfig(out.path).vocab_size);
    comparison = compareWritten(place, out.path, rows);
  }
  const { path: model, adapters, weights } = place;
  return { model, adapters, adapter_weights: weights, out: out.path, ...written, comparison };
}
