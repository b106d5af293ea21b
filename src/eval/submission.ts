/** Answers to C-Eval's test split in the form that its site scores. */
import { writeAtomic } from "../util/atomicFile.js";
import { ConfigError, DataError } from "../util/errors.js";
import { downloadBenchmarks } from "./download.js";
import { type EvaluateOptions, type Evaluation, evaluate } from "./evaluate.js";
import { openBenchmark } from "./files.js";
import { INVALID } from "./filters.js";
import { argmax } from "./metrics.js";
import type { Sample } from "./samples.js";
import {
  ceval,
  cevalSubjects,
  drawnLetter,
  missingSubjects,
  type SubmissionForm,
  submissionBenchmark,
  submissionIds,
  submissionTask,
} from "./tasks/index.js";

/** Questions of the test split, as published with the benchmark. */
const PUBLISHED_QUESTIONS = 12_342;

export interface SubmissionOptions
  extends Omit<EvaluateOptions, "tasks" | "benchmarks" | "limit" | "parity"> {
  /**
   * `letter`: the likeliest letter, as `ceval-test` asks it; `gen` and `cot` under `official`: what the
   * model writes, as `ceval-test-gen` and `ceval-test-cot` ask it. Default `letter`.
   */
  form?: SubmissionForm | undefined;
}

/** Letters by subject and id of the question: what C-Eval's site takes as JSON. */
export type SubmissionAnswers = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Submission {
  answers: SubmissionAnswers;
  /** What its reader must know. */
  notes: string[];
}

/**
 * Answers all questions of C-Eval's test split, asked as the protocol asks them.
 *
 *     const submission = await makeSubmission({ model, dataDir, protocol: "official", numFewshot: 5 });
 *     writeSubmission("ceval.json", submission);
 *
 * @throws DataError where subjects or questions are missing
 * @throws ConfigError for a form that the protocol does not have, and as `evaluate`
 */
export async function makeSubmission({
  form = "letter",
  ...options
}: SubmissionOptions): Promise<Submission> {
  if (form !== "letter" && options.protocol !== "official") {
    throw new ConfigError(`there is no submission by ${form} in lm-evaluation-harness's protocol`, {
      todo: "use --protocol official",
    });
  }
  const tasks = ["ceval-test"];
  const dataDir = options.dataDir ?? (await downloadBenchmarks({ tasks }));
  const files = openBenchmark(ceval, dataDir);
  const missing = missingSubjects(files);
  if (missing.length > 0) throw lacksSubjects(missing, `${files.folder}/test`);
  const ids = await submissionIds(files);
  const evaluation = await evaluate({
    ...options,
    dataDir,
    benchmarks: [submissionBenchmark(ceval, form)],
    tasks: cevalSubjects.map(submissionTask),
  });
  const { answers, drawn } = answersOf(evaluation);
  checkSubmission(answers, ids);
  return { answers, notes: notesOf(evaluation, ids, drawn) };
}

function answersOf({ samples }: Evaluation): { answers: SubmissionAnswers; drawn: number } {
  let drawn = 0;
  const letterOf = (subject: string, sample: Sample): [string, string] => {
    const { id } = sample.doc as { id: string };
    const letter = answeredLetter(sample);
    if (letter === undefined) drawn++;
    return [id, letter ?? drawnLetter(`${subject} ${id}`)];
  };
  const answers = cevalSubjects.map((subject) => {
    const all = samples[submissionTask(subject)]!;
    const first = all.filter(({ filter }) => filter === all[0]?.filter);
    return [subject, Object.fromEntries(first.map((sample) => letterOf(subject, sample)))];
  });
  return { answers: Object.fromEntries(answers), drawn };
}

/** The letter that a model took or wrote; undefined where it wrote none. */
function answeredLetter({ filtered_resps, filter, doc }: Sample): string | undefined {
  if (filter === "none") {
    return "ABCD"[argmax((filtered_resps as [number, boolean][]).map(([logprob]) => logprob))];
  }
  const answer = filtered_resps[0] as string;
  if (answer === INVALID) return undefined;
  const { choices } = doc as { choices: readonly string[] };
  return "ABCD"["ABCD".includes(answer) ? "ABCD".indexOf(answer) : choices.indexOf(answer)];
}

function notesOf(
  { notes }: Evaluation,
  ids: Readonly<Record<string, readonly string[]>>,
  drawn: number,
): string[] {
  const count = Object.values(ids).flat().length;
  const all = new Set(Object.values(notes).flat());
  if (count !== PUBLISHED_QUESTIONS) {
    all.add(
      `the test files hold ${count} questions, not the ${PUBLISHED_QUESTIONS} that were published: the site may refuse the answers`,
    );
  }
  if (drawn > 0) {
    all.add(
      `${drawn} of ${count} answers name no choice; a letter was drawn for each by a hash of its subject and id`,
    );
  }
  return [...all];
}

/**
 * Checks answers as C-Eval's site does: every subject, every question, letters only.
 *
 * @param ids of the questions, by subject
 * @throws DataError with the counts of what is wrong
 */
export function checkSubmission(
  answers: SubmissionAnswers,
  ids: Readonly<Record<string, readonly string[]>>,
): void {
  const missing = Object.keys(ids).filter((subject) => !(subject in answers));
  if (missing.length > 0) throw lacksSubjects(missing, "the submission");
  const counts = { unknown: 0, unanswered: 0, repeated: 0, invalid: 0 };
  const unknownSubjects = Object.keys(answers).filter((subject) => !(subject in ids));
  for (const [subject, known] of Object.entries(ids)) {
    const given = answers[subject]!;
    const questions = new Set(known);
    counts.repeated += known.length - questions.size;
    counts.unanswered += [...questions].filter((id) => !(id in given)).length;
    counts.unknown += Object.keys(given).filter((id) => !questions.has(id)).length;
    counts.invalid += Object.values(given).filter((letter) => !/^[A-D]$/.test(letter)).length;
  }
  const faults = [
    [unknownSubjects.length, "subjects are unknown"],
    [counts.repeated, "questions have an id twice"],
    [counts.unanswered, "questions have no answer"],
    [counts.unknown, "ids are unknown"],
    [counts.invalid, "answers are not A, B, C or D"],
  ] as const;
  const found = faults.filter(([count]) => count > 0);
  if (found.length > 0) {
    throw new DataError("C-Eval's site would refuse the submission", {
      why: found.map(([count, what]) => `${count} ${what}`).join(", "),
      todo: "get the test files of C-Eval anew, and make the submission again",
    });
  }
}

function lacksSubjects(missing: readonly string[], place: string): DataError {
  return new DataError(
    `${missing.length} of C-Eval's ${cevalSubjects.length} subjects are missing in ${place}`,
    {
      why: `its site takes all or none; missing: ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ", …" : ""}`,
      todo: "get the whole test split of C-Eval",
    },
  );
}

/** Writes the JSON that C-Eval's site takes. */
export function writeSubmission(path: string, { answers }: Submission): void {
  const text = `${JSON.stringify(answers, null, 4)}\n`;
  writeAtomic(path, (write) => write(new TextEncoder().encode(text)));
}
