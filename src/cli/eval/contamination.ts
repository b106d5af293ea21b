/** `eval --contamination`: whether training data holds the questions. */
import {
  type Contamination,
  findContamination,
  type Sample,
  type TaskContamination,
} from "../../eval/index.js";
import { abortOnSignals } from "../../util/signals.js";
import { progressLine } from "../data/progressLine.js";
import type { Asked } from "./flags.js";

/** Questions that are named on a terminal. */
const NAMED = 5;

/**
 * @param samples of an evaluation, whose scores are split
 * @throws ConfigError, DataError for files that cannot be read; Interrupted where a signal came
 */
export async function lookForQuestions(
  asked: Asked,
  trainingFiles: readonly string[],
  samples?: Readonly<Record<string, readonly Sample[]>>,
): Promise<Contamination> {
  const { signal, done } = abortOnSignals();
  const progress = progressLine();
  try {
    return await findContamination({
      ...asked,
      trainingFiles,
      samples,
      signal,
      onProgress: (rows, total) => progress.show(`contamination: ${rows} of ${total} rows`),
    });
  } finally {
    progress.clear();
    done();
  }
}

/** What was found, a line for each task, and the worst questions with the rows that hold them. */
export function contaminationLines({ tasks, notes }: Contamination): string[] {
  const found = tasks.flatMap(({ task, found }) => found.map((one) => ({ task, ...one })));
  const worst = found.toSorted((a, b) => b.share - a.share);
  const named = worst.slice(0, NAMED).map(({ task, docId, share, rows: [row] }) => {
    const where = row ? ` in ${row.file}:${row.line}` : "";
    return `  ${task} question ${docId}: ${percent(share)}${where}`;
  });
  const more = worst.length - NAMED;
  return [
    ...tasks.map(taskLine),
    ...named,
    ...(more > 0 ? [`  and ${more} more questions: see --json`] : []),
    ...notes.map((note) => `note: ${note}`),
  ];
}

/** `mmlu_anatomy: 3 of 135 questions are in the training data, 2 in part; acc,none clean 45.1 %, dirty 66.7 %` */
function taskLine({ task, questions, dirty, suspicious, scores }: TaskContamination): string {
  const parts = scores.map(({ metric, clean, dirty }) => {
    const shown = [
      clean && `clean ${percent(clean.value)}`,
      dirty && `dirty ${percent(dirty.value)}`,
    ];
    return `${metric} ${shown.filter((one) => one).join(", ")}`;
  });
  const counts = `${dirty} of ${questions} questions are in the training data, ${suspicious} in part`;
  return [`${task}: ${counts}`, ...parts].join("; ");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
