/** What becomes of a step whose loss or gradients are not finite: `on_non_finite`. */
import type { MicroBatch } from "../../data/index.js";
import { TunewrightError } from "../../util/errors.js";
import { howToGoOn, listCheckpoints } from "../checkpoint/index.js";
import type { StepFigures } from "../optimizerStep.js";
import type { RowLoss } from "../stepRows.js";
import type { TrainingParts } from "../trainingParts.js";
import { findNonFinite, type NonFiniteCause } from "./findNonFinite.js";
import { nameList } from "./finite.js";
import type { LeftOutRow } from "./leftOutRows.js";
import { highestFirst, rowList } from "./rowList.js";

/** So many steps in a row are no accident of their rows. */
const MOST_IN_ROW = 3;

/** Thrown where a run goes back to its last checkpoint; whoever runs recipes does so. */
export class RolledBack extends TunewrightError {
  /** @param rows to leave out from now on @param count of times that the run has gone back */
  constructor(
    what: string,
    readonly rows: readonly LeftOutRow[],
    readonly count: number,
  ) {
    super(what);
  }
}

/** A step that was not finite, and changed nothing. */
export interface NonFiniteStep {
  number: number;
  figures: StepFigures;
  window: readonly MicroBatch[];
  rows: readonly RowLoss[];
}

/**
 * Finds out why, tells it, and does what `on_non_finite` says.
 *
 * @returns where the run goes on with the next step
 * @throws RolledBack where it goes on from the last checkpoint; TunewrightError where it ends
 */
export function judgeNonFinite(step: NonFiniteStep, parts: TrainingParts): void {
  const { config, recorder, say } = parts;
  const { number, figures, window } = step;
  const { loss, gradNorm } = figures;
  const cause = findNonFinite(parts, window, step.rows, number - 1);
  const why = refusalOf(cause, parts);
  const action = why === undefined ? config.on_non_finite : "stop";
  const rows = highestFirst(cause.rows);
  const { layer, weights } = cause;
  recorder.write(
    {
      type: "non_finite",
      loss,
      grad_norm: gradNorm,
      layer,
      ...(weights.length > 0 ? { weights } : {}),
      rows,
      action,
    },
    number,
  );
  const what = `step ${number}: the loss is ${loss} and the gradient norm is ${gradNorm}`;
  if (action === "stop") throw failure(what, cause, rows, why, config.output_dir);
  const place = `${what}; it comes up in ${layer}, with ${rowList(rows)}`;
  if (action === "skip") {
    const message = `${place}. The step is skipped: nothing is changed (on_non_finite skip).`;
    recorder.write({ type: "warning", message }, number);
    return;
  }
  const [newest] = listCheckpoints(config.output_dir);
  say(
    `${place}. Going back to step ${newest!.step} and leaving out the rows (on_non_finite rollback).`,
  );
  const left = rows.map(({ file, line }) => ({ file, line, step: number }));
  throw new RolledBack(what, left, (recorder.state.rollbacks ?? 0) + 1);
}

/** Why the run must end whatever `on_non_finite` says; nothing where it need not, or says so itself. */
function refusalOf(
  { weights, rows }: NonFiniteCause,
  { config, prepared, recorder: { state } }: TrainingParts,
): string | undefined {
  const { on_non_finite: policy, max_non_finite_steps: most, output_dir } = config;
  if (policy === "stop") return undefined;
  // Of an embedding, a bad row concerns only those who use it.
  const { embedding } = prepared.model;
  if (weights.some((name) => name !== embedding.name)) {
    return `${nameList(weights)} ${weights.length > 1 ? "are" : "is"} not finite, whatever the rows`;
  }
  if (weights.length > 0 && embedding.trainable) {
    return `${embedding.name} is not finite and is trained, so nothing could be saved`;
  }
  if (policy === "skip") {
    if (state.skippedSteps >= most) {
      return `${most} steps were skipped before, as many as max_non_finite_steps allows`;
    }
    if (state.skippedInRow >= MOST_IN_ROW - 1) {
      return `${MOST_IN_ROW} steps in a row are not finite, so it is hardly their rows`;
    }
    return undefined;
  }
  if ((state.rollbacks ?? 0) >= most) {
    return `the run has gone back ${most} times, as often as max_non_finite_steps allows`;
  }
  if (listCheckpoints(output_dir).length === 0) return "there is no checkpoint to go back to";
  if (rows.length === 0) return "no row of the step can be left out";
  return undefined;
}

function failure(
  what: string,
  { layer, weights }: NonFiniteCause,
  rows: readonly RowLoss[],
  why: string | undefined,
  outputDirectory: string,
): TunewrightError {
  const bad = weights.length > 0 ? `weights that are not finite: ${nameList(weights)}; ` : "";
  const advice =
    weights.length > 0
      ? "lower learning_rate, or check the model's files"
      : "check these rows, lower learning_rate or max_grad_norm, or see on_non_finite (skip, rollback)";
  return new TunewrightError(what, {
    why:
      `${why === undefined ? "" : `${why}; `}it comes up in ${layer}; ${bad}` +
      `${rows.length === 1 ? "the row is" : "the rows are"} ${rowList(rows)}`,
    todo: `${advice}; ${howToGoOn(outputDirectory)}`,
  });
}
