/** How far an evaluation is, on stderr: a line that is overwritten, or a line now and then. */
import { addWork, createPace, type EvaluationProgress, type TimeLeft } from "../../eval/index.js";
import { formatDuration } from "../../util/formatDuration.js";

/** Seconds between lines on a terminal, and where there is none. */
const TERMINAL_INTERVAL = 0.2;
const LOG_INTERVAL = 60;

export interface EvalProgress {
  /** One of several evaluations with the same tasks begins. @param label what sets it apart, or empty */
  begin(label: string): void;
  show(progress: EvaluationProgress): void;
  /** Removes the live line. */
  close(): void;
}

export interface EvalProgressOptions {
  stream: { readonly isTTY: boolean; readonly columns: number; write(text: string): unknown };
  /** Evaluations that will begin. */
  count: number;
  /** Seconds on a clock that does not jump. */
  now?: () => number;
}

const none = { scoring: 0, generating: 0 };

export function createEvalProgress({
  stream,
  count,
  now = () => performance.now() / 1000,
}: EvalProgressOptions): EvalProgress {
  const pace = createPace(now());
  const interval = stream.isTTY ? TERMINAL_INTERVAL : LOG_INTERVAL;
  let shown = now();
  let isLive = false;
  let label = "";
  let begun = 0;
  let before = none;
  let current = none;
  let answered = { task: "", questions: 0, seconds: now() };
  return {
    begin(name) {
      label = name === "" ? "" : `${name}: `;
      begun++;
      before = addWork(before, current);
      current = none;
    },
    show(progress) {
      const time = now();
      current = progress.done;
      const key = `${label}${progress.task}`;
      if (answered.task !== key) {
        answered = { task: key, questions: progress.answered, seconds: time };
      }
      pace.update(addWork(before, current), progress.kind, time);
      if (time - shown < interval) return;
      shown = time;
      const speed = (progress.answered - answered.questions) / (time - answered.seconds);
      const left = pace.timeLeft(workLeft(progress, count - begun));
      const line = `${label}${describeProgress(progress, speed, left)}`;
      isLive = stream.isTTY;
      stream.write(isLive ? `\r\u001b[K${line.slice(0, stream.columns - 1)}` : `${line}\n`);
    },
    close() {
      if (isLive) stream.write("\r\u001b[K");
      isLive = false;
    },
  };
}

/** Work of this evaluation that is not done, and of as many more. */
function workLeft({ total, done, spared }: EvaluationProgress, more: number) {
  const left = (kind: keyof typeof none) =>
    Math.max(0, total[kind] * (1 + more) - done[kind] - spared[kind]);
  return { scoring: left("scoring"), generating: left("generating") };
}

/** `[2/57] mmlu_anatomy 40/135, 6.1 questions/s, 12:05 left` */
export function describeProgress(
  { task, taskIndex, taskCount, answered, questions }: EvaluationProgress,
  speed: number,
  left: TimeLeft | undefined,
): string {
  const parts = [`[${taskIndex + 1}/${taskCount}] ${task} ${answered}/${questions}`];
  if (speed > 0 && Number.isFinite(speed)) {
    parts.push(`${speed < 10 ? speed.toFixed(1) : Math.round(speed)} questions/s`);
  }
  if (left) parts.push(`${left.isLeast ? "more than " : ""}${formatDuration(left.seconds)} left`);
  return parts.join(", ");
}
