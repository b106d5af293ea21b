/**
 * The names under which trackers show what events hold: those that transformers' trainer logs, as
 * its callbacks rewrite them (`eval_loss` → `eval/loss`, all others → `train/…`), and further ones
 * of ours in the same manner.
 */
import type {
  BenchmarkEvent,
  DialogueEvent,
  EndEvent,
  EvaluationEvent,
  EventRow,
  StepEvent,
} from "../../train/events/index.js";

/** Values by name. A value that is not finite stays: what a tracker makes of it is its business. */
export type Metrics = Readonly<Record<string, number>>;

/**
 * The values of a row for a curve over `row.step`; `undefined` for a row that has none.
 *
 * The `end` row has the figures of the whole run (`train/train_loss`, …), which transformers' TensorBoard
 * callback shows as curves of one point and its W&B callback as the summary: see {@link summaryOf}.
 */
export function metricsOf(row: EventRow): Metrics | undefined {
  switch (row.type) {
    case "step":
      return given(stepMetrics(row));
    case "evaluation":
      return given(evaluationMetrics(row));
    case "dialogue":
      return given(prefixed("dialogue/", dialogueFigures(row)));
    case "benchmark":
      return given(benchmarkScores(row));
    case "end":
      return given({ ...prefixed("train/", runFigures(row)), "train/epoch": row.epoch });
    default:
      return undefined;
  }
}

/** The figures of the whole run, without prefix, as transformers logs them once at the end. */
export function summaryOf(row: EventRow<EndEvent>): Metrics {
  return given(runFigures(row));
}

function stepMetrics(row: StepEvent): Record<string, number | undefined> {
  return {
    "train/loss": row.loss,
    "train/grad_norm": row.grad_norm,
    "train/learning_rate": row.learning_rate,
    "train/epoch": row.epoch,
    "train/tokens_per_second": row.tokens_per_second,
    "train/tokens": row.tokens,
    "train/labelled_tokens": row.labelled_tokens,
    "train/total_flos": row.total_flos,
    "train/data_wait_seconds": row.data_wait_seconds,
    "train/split_batches": row.split_batches,
    "train/rss_bytes": row.rss_bytes,
    "train/peak_rss_bytes": row.peak_rss_bytes,
    "train/device_bytes": row.device_bytes,
    "train/skipped_steps": row.skipped_steps,
    ...prefixed("train/source_loss/", row.source_losses ?? {}),
  };
}

function evaluationMetrics(row: EvaluationEvent): Record<string, number | undefined> {
  return {
    "eval/loss": row.eval_loss,
    "eval/runtime": row.seconds,
    "eval/samples_per_second": row.seconds > 0 ? row.samples / row.seconds : undefined,
    "train/epoch": row.epoch,
  };
}

function dialogueFigures(row: DialogueEvent): Record<string, number | undefined> {
  return {
    repetition_rate: row.repetition_rate,
    repeated_answer_rate: row.repeated_answer_rate,
    cut_off_rate: row.cut_off_rate,
    wrong_language_rate: row.wrong_language_rate ?? undefined,
    answer_tokens: row.answer_tokens,
  };
}

/** `eval/mmlu_anatomy/acc`; where an answer is filtered, with the filter's name behind. */
function benchmarkScores({ scores, epoch }: BenchmarkEvent): Record<string, number | undefined> {
  const named = Object.entries(scores).flatMap(([task, metrics]) =>
    Object.entries(metrics).map(([key, value]): [string, number] => {
      const [metric, filter] = key.split(",");
      return [`eval/${task}/${metric}${filter === "none" ? "" : `/${filter}`}`, value];
    }),
  );
  return { ...Object.fromEntries(named), "train/epoch": epoch };
}

function runFigures(row: EndEvent): Record<string, number | undefined> {
  return {
    train_runtime: row.train_runtime,
    train_samples_per_second: row.train_samples_per_second,
    train_steps_per_second: row.train_steps_per_second,
    total_flos: row.total_flos,
    train_loss: row.train_loss,
  };
}

function prefixed(prefix: string, values: Record<string, number | undefined>) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

/** Without the values that do not apply; `"NaN"`, as a stored row has it, is a number again. */
function given(values: Record<string, number | undefined>): Metrics {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name, Number(value)]),
  );
}
