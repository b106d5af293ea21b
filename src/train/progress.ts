/**
 * Progress of a run on a terminal: one line that is drawn over and over, or plain lines where the
 * output is no terminal. It only reads events, so a replayed events file shows the same.
 */
import { formatDuration } from "../util/formatDuration.js";
import type { BenchmarkEvent, DialogueEvent, EventRow, Tick } from "./events/index.js";

/** Where progress goes; `process.stderr` is one. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  /** Takes each event and, between events, the state of the run. */
  handle(event: EventRow | Tick): void;
  /** Ends the live line, so that other output starts on a line of its own. */
  close(): void;
}

export interface ProgressOptions {
  readonly stream: ProgressStream;
  /** `disable_tqdm`: warnings only. */
  readonly disabled?: boolean;
  /** Seconds since any fixed point; must not jump. */
  readonly now?: () => number;
}

/** Shows a run on `stream`. */
export function createProgress({
  stream,
  disabled = false,
  now = () => performance.now() / 1000,
}: ProgressOptions): Progress {
  const live = stream.isTTY === true;
  let total = 0;
  let rows = "conversations";
  let begun: { step: number; at: number } | undefined;
  let lastDrawn = Number.NEGATIVE_INFINITY;
  let drawn = false;
  let known: Partial<Tick> = {};

  const erase = () => {
    if (drawn) stream.write("\r\x1b[2K");
    drawn = false;
  };
  const print = (line: string) => {
    erase();
    stream.write(`${line}\n`);
  };
  const statusLine = (step: number) => {
    const rate = begun && now() > begun.at ? (step - begun.step) / (now() - begun.at) : 0;
    const eta = rate > 0 && total > step ? (total - step) / rate : undefined;
    return formatStatus(step, total, known, eta);
  };
  const draw = (step: number) => {
    const line = statusLine(step);
    const columns = stream.columns ?? 80;
    stream.write(`\r\x1b[2K${line.length < columns ? line : `${line.slice(0, columns - 2)}…`}`);
    drawn = true;
    lastDrawn = now();
  };
  const begin = (step: number) => {
    begun ??= { step, at: now() };
  };

  return {
    handle(event) {
      if (disabled && event.type !== "warning") return;
      switch (event.type) {
        case "start":
          total = event.total_steps;
          begun = { step: event.step, at: now() };
          if (event.task_type === "pretrain") rows = "texts";
          print(describeStart(event, rows));
          break;
        case "tick":
          begin(event.step);
          total = event.total_steps;
          known = { ...known, ...event };
          // Ten pictures a second are enough for the eye and cost nothing.
          if (live && (now() - lastDrawn >= 0.1 || event.step === total)) draw(event.step);
          break;
        case "step":
          begin(event.step);
          known = { ...known, ...event, type: "tick" };
          if (live) draw(event.step);
          else print(statusLine(event.step));
          break;
        default: {
          const line = describeEvent(event, rows);
          if (line !== undefined) print(line);
        }
      }
    },
    close: () => {
      if (drawn) stream.write("\n");
      drawn = false;
    },
  };
}

function formatStatus(step: number, total: number, known: Partial<Tick>, eta?: number): string {
  const parts = [`step ${step}/${total}`];
  if (known.loss !== undefined) parts.push(`loss ${Number(known.loss).toFixed(4)}`);
  if (known.tokens_per_second !== undefined)
    parts.push(`${Math.round(known.tokens_per_second)} tokens/s`);
  if (eta !== undefined) parts.push(`ETA ${formatDuration(eta)}`);
  const memory = known.device_bytes ?? known.rss_bytes;
  if (memory !== undefined) parts.push(formatBytes(memory));
  if (known.learning_rate !== undefined) parts.push(`lr ${known.learning_rate.toExponential(2)}`);
  return parts.join("  ");
}

function describeStart(event: Extract<EventRow, { type: "start" }>, rows: string): string {
  const share = (100 * event.trainable_parameters) / Math.max(1, event.parameters);
  return (
    `Training ${event.model} (${event.train_mode}) on ${event.device} in ${event.compute_dtype}: ` +
    `${event.samples ?? "a stream of"} ${rows}, ${event.total_steps} steps, ` +
    `${event.trainable_parameters.toLocaleString("en")} trainable parameters (${share.toFixed(2)} %)`
  );
}

function describeEvent(
  event: Exclude<EventRow, { type: "start" | "step" }>,
  rows: string,
): string | undefined {
  switch (event.type) {
    case "evaluation":
      return `step ${event.step}: held-out loss ${Number(event.eval_loss).toFixed(4)} (${event.samples} ${rows})`;
    case "checkpoint":
      return `step ${event.step}: saved ${event.path} (${formatBytes(event.bytes)})`;
    case "spike":
      // The warning beside it says the same.
      return undefined;
    case "non_finite":
      return `step ${event.step}: not finite in ${event.layer}`;
    case "resume":
      return `Resuming from ${event.checkpoint} at step ${event.step}`;
    case "warning":
      return `Warning: ${event.message}`;
    case "sample":
      return `step ${event.step}: ${event.prompt.trim()} → ${event.text.trim()}`;
    case "dialogue":
      return `step ${event.step}: dialogue of ${event.turns.length} turns: ${describeAnswers(event)}`;
    case "benchmark":
      return `step ${event.step}: ${describeScores(event)}`;
    case "end":
      return `${endWords[event.reason]}${event.stopped_early ? " early" : ""} at step ${event.steps}: loss ${Number(event.train_loss).toFixed(4)}, ${formatDuration(event.train_runtime)}, ${Math.round(event.tokens_per_second)} tokens/s${describeBest(event)}`;
  }
}

function describeAnswers(event: DialogueEvent): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const language = event.wrong_language_rate;
  return [
    `${Math.round(event.answer_tokens)} tokens an answer`,
    `repetition ${percent(event.repetition_rate)}`,
    `repeated answers ${percent(event.repeated_answer_rate)}`,
    `cut off ${percent(event.cut_off_rate)}`,
    ...(language === null ? [] : [`wrong language ${percent(language)}`]),
  ].join(", ");
}

/** Scores that one line names. */
const MOST_SCORES = 4;

/** The first metric of each task and group. */
function describeScores({ scores }: BenchmarkEvent): string {
  const named = Object.entries(scores).flatMap(([task, metrics]) => {
    const [first] = Object.entries(metrics);
    if (!first) return [];
    return [`${task} ${first[0].split(",")[0]} ${(100 * Number(first[1])).toFixed(1)} %`];
  });
  const more = named.length - MOST_SCORES;
  return named.slice(0, MOST_SCORES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Which step the result is of, where it is not the last. */
function describeBest({ best_step, best_eval_loss }: Extract<EventRow, { type: "end" }>): string {
  if (best_step === undefined) return "";
  return `; the result is step ${best_step}, held-out loss ${Number(best_eval_loss).toFixed(4)}`;
}

const endWords = { done: "Done", stopped: "Stopped", failed: "Failed" } as const;

/** `1500000000` becomes `1.50 GB`; powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit < 3 ? Math.round(value) : value.toFixed(2)} ${units[unit]}`;
}
