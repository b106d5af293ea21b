/**
 * The record of a run: one place that counts and tells. It holds the counters that a checkpoint
 * keeps, sums what a step event reports since the one before, and writes every event.
 */
import type { MicroBatch } from "../data/index.js";
import { type Device, memoryStatistics } from "../tensor/index.js";
import {
  type EventWriterOptions,
  openEventWriter,
  type StepEvent,
  type Tick,
  type TrainingEvent,
  type TrainSummary,
} from "./events/index.js";
import { modelFlopsUtilization } from "./flops.js";
import { judgeSkippedStep } from "./lossScale.js";
import type { StepFigures } from "./optimizerStep.js";
import { openSkippedRows } from "./skippedRows.js";
import { type NamedSource, type RowLoss, sourceLosses } from "./stepRows.js";
import { noSums, type TrainerState } from "./trainerState.js";
import type { StepPlan } from "./window.js";

/** A step that was done, with what the device has told of it. */
export interface FinishedStep {
  figures: StepFigures;
  learningRate: number;
  /** Of all processes. */
  tokens: number;
  /** What the loss is a mean over: labelled tokens. */
  units: number;
  sequences: number;
  /** Micro-batches that were taken apart for the sake of memory. */
  splitBatches: number;
  /** Operations that the result needs, for MFU. */
  operations: number;
  /** Milliseconds of `performance.now()` when it began. */
  started: number;
  /** Milliseconds that it waited for its rows. */
  dataWait: number;
  /** Its rows with their losses. */
  rows: readonly RowLoss[];
}

/** The most that this process had in memory so far. */
function peakResidentBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

type WithoutStep<Event> = Event extends TrainingEvent ? Omit<Event, "step"> : never;

export interface Recorder {
  /** The counters of all steps that were recorded. */
  readonly state: TrainerState;
  /** Rows that were left out so far. */
  readonly skippedRows: number;
  /** Rows of `events.jsonl` that lay after the checkpoint and were moved aside. */
  readonly rowsCut: number;
  /** Writes an event of the current step, or of another. */
  write(event: WithoutStep<TrainingEvent>, step?: number): void;
  warn(message: string): void;
  /** Lists rows that were left out, each once, with a warning. */
  leaveOut(rows: MicroBatch["skipped"]): void;
  /**
   * Counts a step and shows it.
   *
   * @throws TunewrightError where too many steps in a row were skipped
   */
  step(done: FinishedStep): void;
  /** Writes the step event of the steps since the last one, if there is any. */
  logSteps(): void;
  /** Makes the record survive a power cut, as a checkpoint of the same step will. */
  sync(): void;
  summary(): TrainSummary;
  /** Ends the record. @param more that the summary says */
  end(reason: "done" | "stopped" | "failed", more?: Partial<TrainSummary>): TrainSummary;
  close(): void;
}

export interface RecorderOptions extends EventWriterOptions {
  state: TrainerState;
  plan: StepPlan;
  device: Device;
  /** transformers' `total_flos` of one token. */
  flosPerToken: number;
  /** Whether the loss is scaled (float16), which skips steps that overflow. */
  lossScaling: boolean;
  /** Where rows come from; losses of each source are told where there are several. */
  sources?: readonly NamedSource[];
  /** Operations a second that the device is capable of, for MFU. */
  peak: () => number;
  onTick?: ((tick: Tick) => void) | undefined;
}

/** Adds a step to the counters of the run and to the sums of the next step event. */
function countStep(
  state: TrainerState,
  { figures, learningRate, tokens, units, sequences, splitBatches, ...done }: FinishedStep,
  seconds: number,
): void {
  const { sums } = state;
  state.step += 1;
  state.tokens += tokens;
  state.labelledTokens += units;
  state.sequences += sequences;
  state.operations += done.operations;
  state.seconds += seconds;
  state.lossScale = figures.lossScale;
  sums.steps += 1;
  sums.tokens += tokens;
  sums.units += units;
  sums.seconds += seconds;
  sums.dataWait += done.dataWait / 1000;
  sums.splitBatches += splitBatches;
  sums.learningRate = learningRate;
  sums.gradNorm = figures.gradNorm;
  // A step whose rows were all left out has no loss; as 0 it would lower the mean.
  if (Number.isFinite(figures.loss) && units > 0) {
    state.lossSum += figures.loss;
    state.lossSteps += 1;
    sums.loss += figures.loss * units;
    sums.lossUnits += units;
  }
  state.skippedInRow = figures.skipped ? state.skippedInRow + 1 : 0;
  if (figures.skipped) {
    state.skippedSteps += 1;
    sums.skipped += 1;
  }
}

function summarize(
  runDirectory: string,
  { state, plan, device, flosPerToken, peak }: RecorderOptions,
  skippedRows: number,
): TrainSummary {
  const rate = (count: number) => (state.seconds > 0 ? count / state.seconds : 0);
  return {
    run_dir: runDirectory,
    steps: state.step,
    epoch: state.step / plan.stepsPerEpoch,
    train_loss: state.lossSum / Math.max(1, state.lossSteps),
    train_runtime: state.seconds,
    train_samples_per_second: rate(state.sequences),
    train_steps_per_second: rate(state.step),
    tokens: state.tokens,
    labelled_tokens: state.labelledTokens,
    rows_skipped: skippedRows,
    steps_skipped: state.skippedSteps,
    tokens_per_second: rate(state.tokens),
    total_flos: flosPerToken * state.tokens,
    mfu: modelFlopsUtilization(state.operations, state.seconds, peak()),
    peak_rss_bytes: peakResidentBytes(),
    peak_device_bytes: device === "cpu" ? null : memoryStatistics().peakDeviceBytes,
  };
}

/** Opens the record in a run directory, going on with what an earlier attempt wrote. */
export function openRecorder(runDirectory: string, options: RecorderOptions): Recorder {
  const { state, plan, device, onTick } = options;
  const skipped = openSkippedRows(runDirectory, options.onError);
  const events = openEventWriter(runDirectory, options);
  const write: Recorder["write"] = (event, step = state.step) => {
    const { type, ...rest } = event;
    events.write({ type, step, ...rest } as TrainingEvent);
  };
  const told = new Set(events.warnings.map(({ step, message }) => `${step} ${message}`));
  const leftOut = new Set(events.warnings.map(({ message }) => message));
  const warn = (message: string) => {
    // Of what is done again behind a checkpoint, the warning stays where it is.
    if (!told.has(`${state.step} ${message}`)) write({ type: "warning", message });
  };
  const bySource = sourceLosses(options.sources ?? []);
  let recordedAt = Number.NEGATIVE_INFINITY;

  const step = (done: FinishedStep): void => {
    const { figures } = done;
    const now = performance.now();
    const seconds = (now - Math.max(done.started, recordedAt)) / 1000;
    recordedAt = now;
    countStep(state, done, seconds);
    bySource?.add(done.rows, state.sums.sources);
    onTick?.({
      type: "tick",
      step: state.step,
      total_steps: plan.totalSteps,
      loss: figures.loss,
      learning_rate: done.learningRate,
      tokens_per_second: done.tokens / seconds,
      rss_bytes: process.memoryUsage.rss(),
    });
    if (!figures.skipped || !options.lossScaling) return;
    const warning = judgeSkippedStep(state.step, state.skippedInRow, state.lossScale.value);
    if (warning) warn(warning);
  };

  const logSteps = (): void => {
    const { sums } = state;
    if (sums.steps === 0) return;
    const event: Omit<StepEvent, "step"> = {
      type: "step",
      epoch: state.step / plan.stepsPerEpoch,
      loss: sums.loss / (sums.lossUnits || (sums.skipped > 0 ? Number.NaN : 1)),
      learning_rate: sums.learningRate,
      grad_norm: sums.gradNorm,
      tokens: sums.tokens,
      labelled_tokens: sums.units,
      tokens_per_second: sums.tokens / sums.seconds,
      total_flos: options.flosPerToken * state.tokens,
      data_wait_seconds: sums.dataWait,
      ...(bySource ? { source_losses: bySource.means(sums.sources) } : {}),
      rss_bytes: process.memoryUsage.rss(),
      peak_rss_bytes: peakResidentBytes(),
      ...(sums.skipped > 0 ? { skipped_steps: sums.skipped } : {}),
      ...(sums.splitBatches > 0 ? { split_batches: sums.splitBatches } : {}),
      ...(device === "cpu" ? {} : { device_bytes: memoryStatistics().deviceBytes }),
    };
    write(event);
    state.sums = noSums();
  };

  const summary = () => summarize(runDirectory, options, skipped.count);

  return {
    state,
    get skippedRows() {
      return skipped.count;
    },
    rowsCut: events.rowsCut,
    write,
    warn,
    leaveOut(rows) {
      skipped.add(rows);
      for (const { reason } of rows) {
        const message = `Left out: ${reason}`;
        if (!leftOut.has(message)) write({ type: "warning", message });
        leftOut.add(message);
      }
    },
    step,
    logSteps,
    summary,
    end(reason, more = {}) {
      const figures = { ...summary(), ...more };
      write({ type: "end", reason, ...figures });
      events.sync();
      return figures;
    },
    sync: () => events.sync(),
    close() {
      skipped.close();
      events.close();
    },
  };
}
