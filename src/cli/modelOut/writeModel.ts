/** Writes a model, with its adapters merged, as a directory in Hugging Face's layout. */

import { basename } from "node:path";
import { entryBytes, writeShardedSafetensors } from "../../format/index.js";
import type { ModelPlace } from "../../generate/index.js";
import { type MergedWeights, type MergeOptions, mergedWeights } from "../../lora/index.js";
import { type ModelConfig, writeModelConfig } from "../../models/index.js";
import { entriesOf, objectOf } from "../../util/json/index.js";
import { showAdapter } from "../adapterOption.js";
import type { Score } from "./card/scores.js";
import { writeCard } from "./card/writeCard.js";
import { type OutFolder, writeOutFolder } from "./outFolder.js";
import { type ModelText, writeModelText } from "./textFiles.js";

/** How a model is written. */
export interface WriteModelOptions extends Omit<MergeOptions, "weights"> {
  maxShardBytes: number;
  /** Figures for the model card. */
  scores: readonly Score[];
  say: (line: string) => void;
}

/** What was written. */
export interface WrittenModel {
  weights: number;
  bytes: number;
  /** Weight files. */
  files: string[];
  notes: string[];
}

/** What is merged, and what becomes of the weights by that; a line each. */
export function mergeNotes(
  { path, name, adapters, weights }: ModelPlace,
  { becameUntied, dequantized }: MergedWeights,
): string[] {
  const notes = adapters.map((adapter, i) => {
    const shown = showAdapter(adapter, weights[i]!);
    return i === 0 ? `merging ${shown} into ${name}` : `    and ${shown}`;
  });
  if (becameUntied) {
    notes.push("Output head and embedding were one weight and are two now (tie_word_embeddings).");
  }
  if (dequantized) {
    const { names, forms, dtype } = dequantized;
    notes.push(
      `${names.length} weights are stored as ${forms.join(", ")} in ${path}: their values are written as ${dtype}.`,
    );
  }
  return notes;
}

/** @throws FormatError, ConfigError where model and adapters do not fit; EnvironmentError for a full disk */
export async function writeModel(
  place: ModelPlace,
  text: ModelText,
  out: OutFolder,
  { maxShardBytes, scores, say, ...options }: WriteModelOptions,
): Promise<WrittenModel> {
  const { path, adapters, weights } = place;
  const merged = mergedWeights(path, adapters, { ...options, weights });
  const { config, entries } = merged;
  const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  for (const note of mergeNotes(place, merged)) say(note);
  const notes: string[] = [];
  let files: string[] = [];
  const onFile = (file: string, number: number, count: number) =>
    say(`${file} is written (${number} of ${count})`);
  try {
    await writeOutFolder(out, bytes, async (directory) => {
      files = writeShardedSafetensors(directory, entries, { maxShardBytes, onFile });
      writeModelConfig(directory, withoutRun(config));
      const { template } = text;
      const name = basename(out.path);
      writeCard(directory, { place, name, template, scores, library: "transformers" });
      notes.push(...writeModelText(text, place, config, directory, options.asLlama));
    });
  } finally {
    merged.close();
  }
  return { weights: entries.length, bytes, files, notes };
}

/** A fully trained model's config.json has its run's settings too, with paths of this machine. */
function withoutRun({ raw, stored, ...config }: ModelConfig): ModelConfig {
  const { tunewright: _, ...own } = raw;
  if (stored === undefined) return { ...config, raw: own };
  const entries = entriesOf(stored).filter(([key]) => key !== "tunewright");
  return { ...config, raw: own, stored: objectOf(entries) };
}
