/**
 * What becomes of a pass that ran out of memory: prepared weights no longer stay, then the micro-batch is
 * computed again in parts of half as many tokens, down to single sequences, then with fewer values kept
 * and smaller chunks of logits. Loss, gradients and dropout stay those of the whole micro-batch.
 */
import type { PreparedModel } from "../../models/index.js";
import type { PreparedWeights } from "../../nn/index.js";
import { isOutOfMemory } from "../../util/outOfMemory.js";
import { PassMemoryError, type TrainingPassSettings } from "../pass.js";
import { giveBack } from "../secondTry.js";
import type { TrainerState } from "../trainerState.js";

/** How passes go through the model; what is short of memory is lowered while the run goes on. */
export interface PassPlan
  extends Pick<TrainingPassSettings, "groupTokens" | "keepBytes" | "beforeBranch"> {
  /** At most so many tokens, or one sequence, are in memory at once; absent for no such limit. */
  atOnceTokens?: number | undefined;
  /** Logits that are made at once; absent for as many as suit. */
  logitElements?: number | undefined;
}

/** Has the counters of a run, and so its checkpoints, keep how its passes go. */
export function rememberPlan(
  state: Pick<TrainerState, "keepBytes" | "passLimits">,
  { keepBytes, atOnceTokens, logitElements }: PassPlan,
): void {
  state.keepBytes = Number.isFinite(keepBytes) ? keepBytes : null;
  if (atOnceTokens !== undefined || logitElements !== undefined) {
    state.passLimits = { atOnceTokens, logitElements };
  }
}

/** Whether a plan takes a micro-batch apart for the sake of memory. */
export function isSplit(
  { tokens, sequences }: { tokens: number; sequences: readonly unknown[] },
  { atOnceTokens = Number.POSITIVE_INFINITY }: PassPlan,
): boolean {
  return sequences.length > 1 && tokens > atOnceTokens;
}

/** Logits at once where memory is short: 8 MB in float32. */
const FEW_LOGITS = 2 ** 21;

/** A plan with nothing left to lower. @param longest tokens of the longest sequence */
export function tightestPlan(longest: number): Partial<PassPlan> {
  return { atOnceTokens: longest, keepBytes: 0, logitElements: FEW_LOGITS };
}

/**
 * Lowers a plan after a pass that failed. Weights come first: to make them anew for each pass costs the
 * least time.
 *
 * @returns what changes, in words; null where nothing is left to lower
 */
export function tighten(
  plan: PassPlan,
  weights: Pick<PreparedWeights, "letNothingStay">,
  { sequences, tokens }: Pick<PassMemoryError, "sequences" | "tokens">,
): string | null {
  const count = (value: number) => value.toLocaleString("en");
  if (weights.letNothingStay()) {
    return `${count(tokens)} tokens leave no room: from now on weights are prepared anew for each pass`;
  }
  if (sequences > 1) {
    plan.atOnceTokens = Math.max(1, Math.floor(tokens / 2));
    // What is kept would otherwise fill the same budget again.
    if (Number.isFinite(plan.keepBytes)) plan.keepBytes = Math.floor(plan.keepBytes / 2);
    return `${count(tokens)} tokens at once are too many: from now on at most ${count(plan.atOnceTokens)}`;
  }
  if (plan.keepBytes > 0) {
    plan.atOnceTokens ??= tokens;
    plan.keepBytes = 0;
    return `a sequence of ${count(tokens)} tokens leaves no room: from now on no activations are kept`;
  }
  if (plan.logitElements === undefined) {
    plan.logitElements = FEW_LOGITS;
    return `a sequence of ${count(tokens)} tokens leaves no room: from now on logits are made in smaller chunks`;
  }
  return null;
}

/** Gives back what a failed pass has left. */
export function freeAfterFailure({ weights, model }: PreparedModel): void {
  weights.close();
  giveBack(model.device);
}

/**
 * Runs a job that passes micro-batches through the model, and again with a tighter plan where memory
 * ran out. The job begins with sums of zero, so that nothing of a failed pass remains.
 *
 * @param onSplit is told what changed
 * @throws the pass's error where a single sequence does not fit
 */
export async function retryTighter<T>(
  { pass, prepared }: { pass: PassPlan; prepared: PreparedModel },
  onSplit: (line: string) => void,
  job: () => T | Promise<T>,
): Promise<T> {
  for (let isSecond = false; ; ) {
    try {
      return await job();
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      freeAfterFailure(prepared);
      if (!(error instanceof PassMemoryError)) {
        if (isSecond) throw error;
        isSecond = true;
        continue;
      }
      const change = tighten(pass, prepared.weights, error);
      if (change === null) throw error;
      onSplit(
        `Memory ran out: ${change}. Loss and gradients stay those of the whole batch; it takes a little longer.`,
      );
    }
  }
}

/** What {@link withSplitting} needs of a run. */
export interface SplittingParts {
  pass: PassPlan;
  prepared: PreparedModel;
  recorder: { readonly state: TrainerState; warn(message: string): void };
}

/** {@link retryTighter} while training: what changes is recorded, and kept by checkpoints. */
export function withSplitting<T>(
  { pass, prepared, recorder }: SplittingParts,
  job: () => T | Promise<T>,
): Promise<T> {
  const onSplit = (line: string) => {
    rememberPlan(recorder.state, pass);
    recorder.warn(line);
  };
  return retryTighter({ pass, prepared }, onSplit, job);
}

/** Has the model answer; answers are for looking at, so that training goes on where they find no memory. */
export async function answerIfRoom(
  recorder: SplittingParts["recorder"],
  answer: () => Promise<void>,
): Promise<void> {
  try {
    await answer();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    recorder.warn(`Answers at step ${recorder.state.step} are left out: ${error.message}`);
  }
}
