/** Writes what a run has trained: checkpoints to go on from, and the result. */
import { type ChatTemplate, type Tokenizer, writeTrainedTemplate } from "../text/index.js";
import { runConfigOf } from "./beginRecord.js";
import { saveCheckpoint, saveResult } from "./checkpoint/index.js";
import type { Optimizer } from "./optimizer.js";
import type { ProductPrecision } from "./precision.js";
import type { Recorder } from "./recorder.js";
import type { Run } from "./run.js";
import { writeRunConfig } from "./runDirectory.js";
import { saveTrained, type TrainedModel } from "./trainedModel.js";
import { writeTrainerState } from "./trainerState.js";

export interface SavedParts {
  trained: TrainedModel;
  tokenizer: Tokenizer;
  /** The chat template that was trained with; null where there was none. */
  template: ChatTemplate | null;
  precision: ProductPrecision;
  optimizer: Optimizer;
  recorder: Recorder;
}

/** Saves a checkpoint of the recorder's step, and records it. @returns its path */
export async function saveStep(run: Run, parts: SavedParts): Promise<string> {
  const { config, world } = run;
  const { optimizer, recorder } = parts;
  const started = performance.now();
  const { state } = recorder;
  const resumable = !config.save_only_model;
  const saved = await saveCheckpoint(
    run.path,
    state.step,
    (directory) => {
      writeWeights(run, parts, directory, resumable);
      if (resumable) writeTrainerState(directory, state, optimizer.state());
    },
    { totalLimit: config.save_total_limit, resumable },
  );
  await world.barrier();
  recorder.write({
    type: "checkpoint",
    path: saved.path,
    bytes: saved.bytes,
    seconds: (performance.now() - started) / 1000,
    removed: [...saved.removed],
  });
  return saved.path;
}

/** Writes the result at the root of the run: all of its files or none. */
export async function saveFinal(run: Run, parts: SavedParts): Promise<void> {
  await saveResult(run.path, parts.recorder.state.step, (directory) => {
    writeWeights(run, parts, directory, false);
    writeRunConfig(directory, runConfigOf(run, parts.precision));
  });
}

/** What was trained, the tokenizer, and the template with its variables, for chat and evaluation. */
function writeWeights(
  { config }: Run,
  { trained, tokenizer, template }: SavedParts,
  directory: string,
  resumable: boolean,
): void {
  saveTrained(trained, config, directory, resumable);
  tokenizer.save(directory);
  if (template !== null) writeTrainedTemplate(directory, template);
}
