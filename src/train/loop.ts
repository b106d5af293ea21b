/**
 * The one training loop: windows of micro-batches become optimizer steps. Whatever an objective is
 * and however many processes take part, this is how a run goes.
 *
 * On an accelerator the host does not wait for a step before it prepares the next: the figures of a
 * step may be read one step later, but before anything is written that depends on them.
 */
import type { MicroBatch, TrainingData } from "../data/index.js";
import { copyToHost, dispose, type HostCopy, tidy, trimMemory, zeros } from "../tensor/index.js";
import { ChangedDataError, DataError, OutOfMemoryError } from "../util/errors.js";
import { isOutOfMemory } from "../util/outOfMemory.js";
import { Interrupted, receivedSignal } from "../util/signals.js";
import { listCheckpoints } from "./checkpoint/index.js";
import { dropoutKeys } from "./dropoutKeys.js";
import { type Due, dueSteps } from "./dueSteps.js";
import { evaluate } from "./evaluate.js";
import { trainingFlops } from "./flops.js";
import { saveRequestReader, stoppingLine, unlessAsked } from "./interrupt.js";
import { guardHostMemory, isSplit, withSplitting } from "./memory/index.js";
import { tellOnce } from "./onRecord.js";
import { optimizerStep, readFigures, type StepParts, type WindowLosses } from "./optimizerStep.js";
import type { FinishedStep } from "./recorder.js";
import { createSchedule } from "./schedule.js";
import { secondTry } from "./secondTry.js";
import { nothingLearnt } from "./skippedRows.js";
import { rowsOf } from "./stepRows.js";
import type { TrainingParts } from "./trainingParts.js";
import {
  isOutOfPatience,
  judgeNonFinite,
  requireSavable,
  takeMetric,
  watchSpikes,
  withoutRows,
} from "./watch/index.js";
import { windowOf } from "./window.js";

/** Steps that may be on their way while the next is prepared. */
const LAG = 1;

/** A step whose figures are still on the device. */
interface PendingStep extends Omit<FinishedStep, "figures" | "rows"> {
  number: number;
  figures: HostCopy;
  window: readonly MicroBatch[];
}

/**
 * Trains from the recorder's step to the last one of the plan, or until a signal.
 *
 * @throws DataError for rows that cannot be trained on, after saving the steps before them;
 *   TunewrightError where loss or gradients stop being finite
 */
export async function trainLoop(parts: TrainingParts): Promise<"done" | "stopped"> {
  const { config, world, plan, update, recorder, save, say } = parts;
  const isSaveAsked = saveRequestReader();
  const { state } = recorder;
  const schedule = createSchedule(config, plan.totalSteps);
  const { logs, follows } = dueSteps(config, plan);
  const pending: PendingStep[] = [];
  let savedStep = state.step;
  let lastGood: readonly MicroBatch[] | undefined;
  let isAsked = false;

  /** Records the steps that are known, and waits for others until no more than `open` are left. */
  const settle = (open: number) => {
    while (pending.length > open || pending[0]?.figures.ready()) {
      const step = pending.shift()!;
      if (settleStep(step, parts)) lastGood = step.window;
    }
  };
  const saveStep = async (isPlanned: boolean) => {
    await requireSavable(parts, lastGood);
    const path = await save(isPlanned);
    savedStep = state.step;
    return path;
  };
  /** Evaluates, answers and saves as is due, but for what an earlier attempt has put on record. */
  const follow = async (due: Due) => {
    const told = await tell(due, parts);
    const isBest = config.save_strategy === "best" && state.best?.step === state.step;
    const isPlanned = (due.save || isBest) && (state.step > savedStep || told);
    if (isPlanned || isAsked) await saveStep(isPlanned);
    isAsked = false;
  };

  try {
    await follow(follows(state.step, state.step === plan.totalSteps));
    // Where a run may go back to a checkpoint, there is one.
    const isNew = listCheckpoints(config.output_dir).every(({ step }) => step !== state.step);
    if (config.on_non_finite === "rollback" && isNew) await save(true);
    for (let step = state.step + 1; step <= plan.totalSteps; step++) {
      if (isOutOfPatience(state, config)) break;
      if (await world.any(receivedSignal() !== 0)) throw new Interrupted("stopped by a signal");
      const started = performance.now();
      const window = await readWindow(windowOf(plan, step - 1), parts);
      const dataWait = performance.now() - started;
      const counts = await countWindow(window, parts);
      if (counts.batches === 0) {
        say(`The stream has ended after step ${step - 1} of ${plan.totalSteps}.`);
        break;
      }
      const learningRate = schedule(step - 1);
      guardHostMemory(config.device === "cpu" ? config.max_memory : null);
      const losses = await withSplitting(parts, () =>
        windowPass(window, counts.units, step - 1, parts),
      );
      pending.push({
        number: step,
        figures: takeStep(update, losses, learningRate),
        window,
        learningRate,
        started,
        dataWait,
        splitBatches: window.filter((batch) => isSplit(batch, parts.pass)).length,
        ...counts,
      });
      isAsked = await world.any(isSaveAsked());
      const due = follows(step);
      settle(logs(step) || due.sample || isAsked ? 0 : LAG);
      if (logs(step)) recorder.logSteps();
      if (step < plan.totalSteps) await follow(due);
      trimMemory();
    }
    settle(0);
    recorder.logSteps();
    if (state.step > 0 && state.labelledTokens === 0) throw nothingLearnt(recorder.skippedRows);
    await follow(follows(state.step, true));
    if (state.step > savedStep) await requireSavable(parts, lastGood);
    await parts.finish();
  } catch (error) {
    const how = goingOn(error);
    if (how === undefined) throw error;
    settle(0);
    // A row that cannot be trained on costs no step before it, nor does a file that was changed.
    const isGained = state.labelledTokens > 0 && state.step > savedStep;
    if (!(error instanceof Interrupted) && isGained && !config.save_only_model) {
      const path = await unlessFull(() => saveStep(false), error);
      say(`Step ${state.step} is saved in ${path}: ${how}.`);
    }
    if (!(error instanceof Interrupted)) throw error;
    say(stoppingLine(state.step, state.step > savedStep));
    if (state.step > savedStep) await saveStep(false);
    return "stopped";
  } finally {
    for (const { figures } of pending) figures.dispose();
  }
  return "done";
}

/**
 * Held-out loss, answers and scores of the recorder's step, as far as they are due and not on record.
 *
 * @returns whether anything was told
 */
async function tell({ evaluate: isDue, ...due }: Due, parts: TrainingParts): Promise<boolean> {
  const { config, recorder, evaluationData } = parts;
  const { state } = recorder;
  const measure = async (data: TrainingData) => {
    const loss = await evaluate(data, parts);
    // What is measured before the first step, or once at the end, chooses nothing.
    const chooses = state.step > 0 && config.eval_strategy !== "no";
    if (chooses && loss !== undefined) takeMetric(state, loss, config);
  };
  const isMeasured =
    isDue &&
    evaluationData !== undefined &&
    (await tellOnce(state, "evaluation", () => measure(evaluationData)));
  const isAnswered = due.sample && (await parts.sample());
  const isScored = due.benchmark && (await parts.benchmark());
  return isMeasured || isAnswered || isScored;
}

/** How a run goes on after an error that leaves the steps before it good; nothing for any other. */
function goingOn(error: unknown): string | undefined {
  if (error instanceof Interrupted) return "use --resume to continue";
  if (error instanceof HalfStepError) return undefined;
  if (isOutOfMemory(error)) return "use --resume where more memory is free";
  if (error instanceof ChangedDataError) return "use --resume once the file is as it was";
  if (!(error instanceof DataError)) return undefined;
  return "use --resume to continue; add --on_error skip to skip such rows";
}

/** Saves, as long as there is memory for that. @throws `error` where there is none */
async function unlessFull<T>(save: () => Promise<T>, error: unknown): Promise<T> {
  try {
    return await save();
  } catch (failure) {
    throw isOutOfMemory(failure) ? error : failure;
  }
}

/** Memory ran out within an optimizer step: some weights may be ahead of others. */
class HalfStepError extends OutOfMemoryError {
  constructor(cause: Error) {
    super("step", cause.message, { cause });
  }
}

/**
 * Takes an optimizer step, and the losses from the caller.
 *
 * @returns its figures, for {@link readFigures}
 */
function takeStep(update: StepParts, losses: WindowLosses, learningRate: number): HostCopy {
  const { device } = losses.loss;
  try {
    return tidy(() => {
      const figures = optimizerStep(update, losses, learningRate);
      return secondTry(device, () => copyToHost(figures));
    });
  } catch (error) {
    throw isOutOfMemory(error) ? new HalfStepError(error) : error;
  } finally {
    dispose({ ...losses });
  }
}

/** The micro-batches of a window; fewer, or none, where a stream has ended. */
async function readWindow(
  numbers: readonly number[],
  { data, recorder, tellLeftOut }: TrainingParts,
): Promise<MicroBatch[]> {
  const window: MicroBatch[] = [];
  for (const number of numbers) {
    const read = await unlessAsked(data.microBatch(number));
    if (read.ended) break;
    const batch = withoutRows(read, recorder.state.leftOut ?? []);
    recorder.leaveOut(batch.skipped);
    if (batch.leftOut) tellLeftOut(batch.leftOut);
    window.push(batch);
  }
  return window;
}

/** What a window holds, in all processes together. */
async function countWindow(
  window: readonly MicroBatch[],
  { world, objective, prepared }: TrainingParts,
) {
  const sequences = window.flatMap((batch) => batch.sequences);
  const lengths = sequences.map(({ inputIds }) => inputIds.length);
  const labelledTokens = objective.units(sequences);
  const [batches, tokens, count, units, work] = (await world.sum([
    window.length,
    window.reduce((sum, batch) => sum + batch.tokens, 0),
    sequences.length,
    labelledTokens,
    trainingFlops(prepared.model, { lengths, labelledTokens }),
  ])) as [number, number, number, number, number];
  return { batches, tokens, sequences: count, units, operations: work };
}

/**
 * Loss and gradients of a window, summed over all processes.
 *
 * @param step that lie behind
 * @returns the caller's
 */
async function windowPass(
  window: readonly MicroBatch[],
  units: number,
  step: number,
  parts: TrainingParts,
): Promise<WindowLosses> {
  const { world, prepared, objective, update, pass } = parts;
  const { gradients, lossScale } = update;
  const like = { dtype: "float32", device: prepared.model.device } as const;
  const count = window.reduce((sum, { sequences }) => sum + sequences.length, 0);
  const { loss, rows } = tidy(() => ({ loss: zeros([], like), rows: zeros([count], like) }));
  let first = 0;
  try {
    gradients.flat.zero_();
    for (const [part, { sequences }] of window.entries()) {
      if (sequences.length === 0) continue;
      tidy(() => {
        const partLoss = objective.trainingPass(prepared, sequences, gradients, {
          ...pass,
          lossFactor: 1 / Math.max(1, units),
          rowLosses: rows.narrow(0, first, sequences.length),
          gradientScale: lossScale?.value ?? null,
          dropoutKey: dropoutKeys(parts, step, part),
        });
        loss.add_(partLoss);
      });
      first += sequences.length;
      await new Promise(setImmediate);
    }
    world.sumTensor(gradients.flat);
    world.sumTensor(loss);
    return { loss, rows };
  } catch (error) {
    dispose([loss, rows]);
    throw error;
  }
}

/**
 * Reads what the device has told of a step, and records it.
 *
 * @returns whether it was finite
 */
function settleStep(step: PendingStep, parts: TrainingParts): boolean {
  const { config, recorder } = parts;
  const copied = step.figures.take();
  const figures = readFigures(copied);
  copied.dispose();
  const rows = rowsOf(step.window, figures.rowLosses);
  const done = { ...step, figures, rows };
  if (figures.skipped && !config.lossScaling) judgeNonFinite(done, parts);
  recorder.step(done);
  watchSpikes(figures, rows, recorder, config);
  return !figures.skipped;
}
