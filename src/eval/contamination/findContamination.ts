/**
 * Whether training data holds a benchmark's questions: the benchmark's n-grams are indexed, and the
 * training files read once, row by row.
 */
import {
  type ConversationSource,
  openConversations,
  resolveSources,
  type SourceOptions,
} from "../../data/index.js";
import { DataError } from "../../util/errors.js";
import { excerpt } from "../../util/excerpt.js";
import { isJsonObject, type JsonValue } from "../../util/json/index.js";
import { openTasks, type TaskChoice } from "../plan.js";
import type { Sample } from "../samples.js";
import { indexQuestions, type Overlap, type QuestionIndex } from "./questionIndex.js";
import { splitScores } from "./scores.js";
import type {
  Contamination,
  ContaminationRules,
  FoundQuestion,
  OverlappingRow,
  TaskContamination,
  TrainingFile,
} from "./types.js";

/**
 * n-grams of 13 words, of 8 in short questions: GPT-3 (Brown et al., 2020, arXiv 2005.14165, appendix C).
 * Clean below 20 % and dirty from 80 % of the tokens on: Llama 2 (Touvron et al., 2023, arXiv 2307.09288,
 * A.6). 20 characters of Chinese, of about 1.5 characters a word, are as long as 13 words.
 */
export const contaminationRules: ContaminationRules = {
  words: 13,
  fewWords: 8,
  characters: 20,
  fewCharacters: 12,
  dirty: 0.8,
  suspicious: 0.2,
  commonQuestions: 10,
};

/** Rows named for a question. */
const NAMED_ROWS = 3;
const EXCERPT_CHARACTERS = 160;

export interface ContaminationOptions extends TaskChoice {
  /** Files, folders, patterns: whatever training takes. */
  trainingFiles: readonly string[];
  /** How the files are read. */
  source?: SourceOptions | undefined;
  /** Samples of an evaluation, by task: their scores are split by verdict. */
  samples?: Readonly<Record<string, readonly Sample[]>> | undefined;
  signal?: AbortSignal | undefined;
  /** Called now and then with the rows that were read, of how many in the files that are open. */
  onProgress?: ((rows: number, total: number) => void) | undefined;
}

/** A question with the rows that hold parts of it. */
interface Candidate {
  task: number;
  docId: number;
  text: string;
  rows: OverlappingRow[];
  rowCount: number;
}

interface JudgedCandidate {
  candidate: Candidate;
  /** Whether it has anything that is its own. */
  isTold: boolean;
}

/**
 * Looks for the questions of tasks in training data. A question's own text counts, with its choices, as the
 * task's prompt shows it; examples and descriptions do not. Nothing is run and no model is needed.
 *
 * @throws ConfigError for unknown tasks and files
 * @throws DataError for files of no known format
 */
export async function findContamination(options: ContaminationOptions): Promise<Contamination> {
  const { tasks } = openTasks({ ...options, allowCodeExecution: true });
  const candidates: Candidate[] = [];
  for (const [task, { task: asked, files }] of tasks.entries()) {
    for (const [docId, doc] of (await asked.docs(files)).entries()) {
      const text = asked.prompt(doc, []).question;
      candidates.push({ task, docId, text, rows: [], rowCount: 0 });
    }
  }
  const index = indexQuestions(candidates, contaminationRules);
  const paths = await resolveSources(options.trainingFiles, options.source);
  const files: TrainingFile[] = [];
  for (const path of paths) files.push(await searchFile(path, index, candidates, options));
  const byTask = tasks.map((): JudgedCandidate[] => []);
  candidates.forEach((candidate, place) => {
    byTask[candidate.task]!.push({ candidate, isTold: index.isTold(place) });
  });
  const results = tasks.map(({ task: { name } }, task) =>
    taskResult(name, byTask[task]!, options.samples?.[name] ?? []),
  );
  return { files, rules: contaminationRules, tasks: results, notes: notesOn(files, results) };
}

/** Compares each row of a file, and notes what it holds with the questions. */
async function searchFile(
  path: string,
  index: QuestionIndex,
  candidates: readonly Candidate[],
  { source: reading, signal, onProgress }: ContaminationOptions,
): Promise<TrainingFile> {
  const source = await openConversations([path], reading);
  let unreadable = 0;
  try {
    for (let row = 0; row < source.rows; row++) {
      signal?.throwIfAborted();
      if (row % 1000 === 0) onProgress?.(row, source.rows);
      const text = await rowText(source, row);
      if (text === undefined) {
        unreadable++;
        continue;
      }
      for (const overlap of index.overlaps(text)) {
        if (overlap.share < contaminationRules.suspicious) continue;
        note(candidates[overlap.question]!, overlap, text, source.place(row));
      }
    }
    onProgress?.(source.rows, source.rows);
    return { file: path, rows: source.rows, bytes: source.bytes, unreadable };
  } finally {
    await source.close();
  }
}

/** All texts of a row, whatever they are for; undefined where it is not JSON. */
async function rowText(source: ConversationSource, row: number): Promise<string | undefined> {
  try {
    return textsOf(await source.readValue(row)).join("\n");
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

function textsOf(value: JsonValue): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return isJsonObject(value) ? Object.values(value).flatMap(textsOf) : [];
}

function note(
  candidate: Candidate,
  { share, start }: Overlap,
  text: string,
  { file, line }: { file: string; line: number },
): void {
  candidate.rowCount++;
  const { rows } = candidate;
  if (rows.length === NAMED_ROWS && share <= rows.at(-1)!.share) return;
  rows.push({ file, line, share, excerpt: excerpt(text, start, EXCERPT_CHARACTERS) });
  rows.sort((a, b) => b.share - a.share);
  rows.splice(NAMED_ROWS);
}

function taskResult(
  task: string,
  judged: readonly JudgedCandidate[],
  samples: readonly Sample[],
): TaskContamination {
  const found = judged
    .filter(({ candidate }) => candidate.rows.length > 0)
    .map(({ candidate }) => foundQuestion(candidate))
    .sort((a, b) => b.share - a.share || a.docId - b.docId);
  const verdicts = new Map(found.map(({ docId, verdict }) => [docId, verdict]));
  const untold = new Set(
    judged.filter(({ isTold }) => !isTold).map(({ candidate }) => candidate.docId),
  );
  const count = (verdict: string) => found.filter((one) => one.verdict === verdict).length;
  return {
    task,
    questions: judged.length,
    clean: judged.length - untold.size - found.length,
    suspicious: count("suspicious"),
    dirty: count("dirty"),
    untold: untold.size,
    found,
    scores: splitScores(samples, (docId) =>
      untold.has(docId) ? undefined : (verdicts.get(docId) ?? "clean"),
    ),
  };
}

function foundQuestion({ docId, text, rows, rowCount }: Candidate): FoundQuestion {
  const { share } = rows[0]!;
  return {
    docId,
    verdict: share >= contaminationRules.dirty ? "dirty" : "suspicious",
    share,
    excerpt: excerpt(text, 0, EXCERPT_CHARACTERS),
    rows,
    rowCount,
  };
}

function notesOn(files: readonly TrainingFile[], tasks: readonly TaskContamination[]): string[] {
  const notes = [
    "A question counts as found by what one row of training data holds of it, word for word: answers alone, translations and other wordings are not found.",
  ];
  const untold = tasks.reduce((sum, task) => sum + task.untold, 0);
  if (untold > 0) {
    notes.push(
      `${untold} questions are too short, or too much like many others of their task, to be told from chance: they count neither as clean nor as dirty.`,
    );
  }
  for (const { file, unreadable } of files) {
    if (unreadable > 0)
      notes.push(`${file}: ${unreadable} rows cannot be read and were not compared.`);
  }
  return notes;
}
