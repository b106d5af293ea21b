/** Writes what a run has trained: checkpoints to go on from, and the result. */
import { countElements } from "../models/index.js";
import {
  type ChatTemplate,
  type Tokenizer,
  writeGenerationConfig,
  writeTrainedTemplate,
} from "../text/index.js";
import { receivedSignal, stopIfAsked } from "../util/signals.js";
import { runConfigOf } from "./beginRecord.js";
import {
  checkpointName,
  type RoomOptions,
  requireRoom,
  saveCheckpoint,
  saveResult,
  saveWithRoom,
} from "./checkpoint/index.js";
import type { DeviceConfig } from "./config/index.js";
import { graceLine } from "./interrupt.js";
import type { Optimizer } from "./optimizer.js";
import type { ProductPrecision } from "./precision.js";
import type { Recorder } from "./recorder.js";
import { type RunRecord, writeRunRecord } from "./resume/index.js";
import type { Run } from "./run.js";
import { writeRunConfig } from "./runConfig/index.js";
import { checkpointBytes, resultBytes } from "./savedSize.js";
import { saveTrained, type TrainedModel } from "./trainedModel.js";
import { type TrainerState, writeTrainerState } from "./trainerState.js";
import { takeSaved } from "./watch/index.js";
import type { StepPlan } from "./window.js";

export interface SavedParts {
  trained: TrainedModel;
  tokenizer: Tokenizer;
  /** The chat template that was trained with; null where there was none. */
  template: ChatTemplate | null;
  precision: ProductPrecision;
  optimizer: Optimizer;
  plan: StepPlan;
  recorder: Recorder;
  /** What the run is, for those that go on from its checkpoints. */
  record: RunRecord;
}

/**
 * Looks before the first step whether a checkpoint and the result will have room.
 *
 * @throws EnvironmentError where they will not, unless the run would wait for room
 */
export function requireRoomToSave({ path, config }: Run, { model }: TrainedModel): void {
  const { trainable } = countElements(model);
  const isSaving = config.save_strategy !== "no";
  const needed = isSaving ? checkpointBytes(trainable, config) : resultBytes(trainable, config);
  const what = isSaving ? "a checkpoint" : "the result";
  requireRoom({ runDirectory: path, what, needed, policy: config.on_disk_full });
}

/**
 * What saves checkpoints of the recorder's step, each a path; the first time it says how long it takes.
 * One that a signal asked for is never the best step, so that the result is that of an uninterrupted run.
 */
export function createStepSaver(
  run: Run,
  parts: SavedParts,
): (isPlanned: boolean) => Promise<string> {
  let isFirst = true;
  return async (isPlanned) => {
    const { path, seconds } = await saveStep(run, parts, isPlanned);
    if (isFirst) run.say(graceLine(seconds));
    isFirst = false;
    return path;
  };
}

/**
 * Saves a checkpoint of the recorder's step, and records it.
 *
 * @throws EnvironmentError where it cannot be written, or there is no room and the run does not wait
 */
async function saveStep(
  run: Run,
  parts: SavedParts,
  isPlanned: boolean,
): Promise<{ path: string; seconds: number }> {
  const { config, world } = run;
  const { optimizer, recorder, plan } = parts;
  const started = performance.now();
  const { state } = recorder;
  const resumable = !config.save_only_model;
  // A checkpoint must not outlive the events of its steps.
  recorder.sync();
  const isBest = isPlanned && takeSaved(state, config);
  const keptStep = keptStepOf(config, state);
  const needed = checkpointBytes(trainedElements(parts), config);
  const saved = await saveWithRoom(room(run, parts, checkpointName(state.step), needed), () =>
    saveCheckpoint(
      run.path,
      state.step,
      (directory) => {
        writeWeights(run, parts, directory, resumable);
        if (!resumable) return;
        writeTrainerState(directory, state, optimizer.state());
        writeRunRecord(directory, parts.record);
      },
      { totalLimit: config.save_total_limit, resumable, keptStep },
    ),
  );
  await world.barrier();
  const seconds = (performance.now() - started) / 1000;
  recorder.write({
    type: "checkpoint",
    epoch: state.step / plan.stepsPerEpoch,
    path: saved.path,
    bytes: saved.bytes,
    seconds,
    removed: [...saved.removed],
    ...(isBest ? { best: true } : {}),
  });
  return { path: saved.path, seconds };
}

/**
 * Writes the result at the root of the run: all of its files or none.
 *
 * @param step that its weights are of
 * @throws EnvironmentError as {@link saveStep}; Interrupted where a signal comes before it is complete
 */
export async function saveFinal(run: Run, parts: SavedParts, step: number): Promise<void> {
  stopIfAsked();
  const needed = resultBytes(trainedElements(parts), run.config);
  await saveWithRoom(room(run, parts, "the result", needed), () =>
    saveResult(run.path, step, (directory) => {
      writeWeights(run, parts, directory, false);
      writeRunConfig(directory, runConfigOf(run, parts.precision));
      stopIfAsked();
    }),
  );
}

/** The step of the checkpoint that is the best so far and never goes, where one is chosen. */
function keptStepOf(config: DeviceConfig, { bestCheckpoint }: TrainerState): number | undefined {
  return config.metric_for_best_model === null ? undefined : bestCheckpoint?.step;
}

const trainedElements = ({ trained }: SavedParts) => countElements(trained.model).trainable;

/** What a save needs of the disk, and what to do where it is full. */
function room(run: Run, { recorder }: SavedParts, what: string, needed: number): RoomOptions {
  return {
    runDirectory: run.path,
    what,
    needed,
    policy: run.config.on_disk_full,
    totalLimit: run.config.save_total_limit,
    keptStep: keptStepOf(run.config, recorder.state),
    isStopped: () => receivedSignal() !== 0,
    warn: recorder.warn,
  };
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
  writeGenerationConfig(directory, tokenizer, template);
  if (template !== null) writeTrainedTemplate(directory, template, tokenizer);
}
