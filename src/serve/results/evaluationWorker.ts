/**
 * Entry of the thread that reads evaluations: those of large benchmarks have some hundred megabytes of
 * prompts, which would keep other requests waiting.
 */
import { type Language, readEvaluation, reportNotes, reportPage } from "../../eval/report/index.js";
import type { JobFunction } from "../../util/workerPool.js";
import type { ResultDetail } from "../schema.js";
import { type ComparedEvaluation, compared, rowsOf } from "./describe.js";
import { type QuestionFilter, questionsOf, type ShownQuestions } from "./questions.js";

export interface EvaluationJob {
  folder: string;
  /** Folder of the evaluation that it is compared with. */
  base: string | undefined;
  /** Changes when the files do. */
  state: string;
  wanted:
    | { kind: "detail" }
    | { kind: "questions"; filter: QuestionFilter }
    | { kind: "report"; language: Language };
}

export type EvaluationAnswer =
  | ({ kind: "detail" } & Pick<ResultDetail, "rows" | "notes">)
  | { kind: "questions"; questions: ShownQuestions }
  | { kind: "report"; page: string };

/** Evaluations that stay in memory with their questions. */
const kept = 3;

export function setup(): JobFunction<EvaluationJob, EvaluationAnswer> {
  const read = new Map<string, ComparedEvaluation>();
  const open = ({ folder, base, state }: EvaluationJob): ComparedEvaluation => {
    const key = `${folder}\n${base}\n${state}`;
    const known = read.get(key);
    const one =
      known ??
      compared(readEvaluation(folder), base === undefined ? undefined : readEvaluation(base));
    read.delete(key);
    read.set(key, one);
    for (const old of read.keys()) if (read.size > kept) read.delete(old);
    return one;
  };
  return (job) => {
    const one = open(job);
    const { wanted } = job;
    if (wanted.kind === "questions") {
      return { kind: "questions", questions: questionsOf(one, wanted.filter) };
    }
    if (wanted.kind === "report") {
      return { kind: "report", page: reportPage(one, { language: wanted.language }) };
    }
    const [en, zh] = (["en", "zh"] as const).map((language) => reportNotes(one, { language }));
    const notes = en!.map((text, index) => ({ en: text, zh: zh?.[index] ?? text }));
    return { kind: "detail", rows: rowsOf(one), notes };
  };
}
