/** Tells of spikes: an event with the rows of the step, and a warning where a row of spikes begins. */
import type { TrainingConfig } from "../config/index.js";
import type { StepFigures } from "../optimizerStep.js";
import type { Recorder } from "../recorder.js";
import type { RowLoss } from "../stepRows.js";
import { previewCommand } from "./previewCommand.js";
import { highestFirst, rowList } from "./rowList.js";
import { findSpikes, freshHistory, type Spike } from "./spikes.js";

const words = { loss: "loss", grad_norm: "gradient norm" } as const;

/** Looks at the step that was recorded last; one that changed nothing is not looked at. */
export function watchSpikes(
  { loss, gradNorm, skipped }: StepFigures,
  rows: readonly RowLoss[],
  recorder: Recorder,
  config: TrainingConfig,
): void {
  const { state } = recorder;
  if (config.spike_factor === 0 || skipped || rows.length === 0) return;
  state.spikes ??= freshHistory();
  const spikes = findSpikes(state.spikes, { loss, grad_norm: gradNorm }, config.spike_factor);
  const goesOn = state.spikedStep === state.step - 1;
  if (spikes.length === 0) return;
  state.spikedStep = state.step;
  const sorted = highestFirst(rows);
  for (const spike of spikes) recorder.write({ type: "spike", ...spike, rows: sorted });
  if (!goesOn) recorder.warn(warningOf(state.step, spikes, sorted, config));
}

function warningOf(
  step: number,
  spikes: readonly Spike[],
  rows: readonly RowLoss[],
  config: TrainingConfig,
): string {
  const told = spikes.map(({ metric, value, expected }) => {
    return `${words[metric]} ${value.toPrecision(4)} instead of about ${expected.toPrecision(4)}`;
  });
  return (
    `Spike at step ${step}: ${told.join(", ")}. Its rows, highest loss first: ${rowList(rows)}. ` +
    `To look at the first: ${previewCommand(rows[0]!, config)}`
  );
}
