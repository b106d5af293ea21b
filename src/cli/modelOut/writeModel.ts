/** Writes a model, with its adapters merged, as a directory in Hugging Face's layout. */
import { elementCount, WEIGHT_DTYPE_BYTES, writeShardedSafetensors } from "../../format/index.js";
import type { ModelPlace } from "../../generate/index.js";
import { mergedWeights } from "../../lora/index.js";
import { writeModelConfig } from "../../models/index.js";
import type { DType } from "../../tensor/index.js";
import { type OutFolder, writeOutFolder } from "./outFolder.js";
import { type ModelText, writeModelText } from "./textFiles.js";

/** How a model is written. */
export interface WriteModelOptions {
  /** Type of all weights; default: of each that which it has. */
  dtype: DType | undefined;
  maxShardBytes: number;
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

/** @throws FormatError, ConfigError where model and adapters do not fit; EnvironmentError for a full disk */
export async function writeModel(
  place: ModelPlace,
  text: ModelText,
  out: OutFolder,
  { dtype, maxShardBytes, say }: WriteModelOptions,
): Promise<WrittenModel> {
  const merged = mergedWeights(place.path, place.adapters, dtype);
  const { config, becameUntied } = merged;
  const bytes = merged.entries.reduce(
    (sum, entry) => sum + elementCount(entry.shape) * WEIGHT_DTYPE_BYTES[entry.dtype],
    0,
  );
  const notes: string[] = [];
  if (becameUntied) {
    notes.push("Output head and embedding were one weight and are two now (tie_word_embeddings).");
  }
  let files: string[] = [];
  let written = 0;
  const entries = merged.entries.map((entry) => ({
    ...entry,
    data() {
      written += 1;
      if (written % 50 === 0) say(`${written} of ${merged.entries.length} weights`);
      return entry.data();
    },
  }));
  try {
    await writeOutFolder(out, bytes, async (directory) => {
      files = writeShardedSafetensors(directory, entries, { maxShardBytes });
      writeModelConfig(directory, config);
      notes.push(...writeModelText(text, place, config, directory));
    });
  } finally {
    merged.close();
  }
  return { weights: entries.length, bytes, files, notes };
}
