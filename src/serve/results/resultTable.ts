/** Evaluations below some folders, by id; their questions are read and compared on a thread of their own. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import type { Language } from "../../eval/report/index.js";
import { isRecord } from "../../util/isRecord.js";
import { type WorkerPool, workerPool } from "../../util/workerPool.js";
import { pathId } from "../pathId.js";
import type { ResultDetail, ResultQuestions, ResultSummary } from "../schema.js";
import { takingTurns } from "../turns.js";
import { walkEvaluations } from "./evaluationFolders.js";
import type { EvaluationAnswer, EvaluationJob } from "./evaluationWorker.js";
import type { QuestionFilter } from "./questions.js";
import { type FoundRun, summaryOfEvaluation } from "./summary.js";

export interface ResultTable {
  /** All evaluations, the newest first. One that cannot be read is left out. */
  list(): Promise<ResultSummary[]>;
  /** Ids of the evaluations of a run's results and checkpoints. */
  ofRun(run: string): Promise<string[]>;
  /**
   * An evaluation in full; nothing where none has this id.
   *
   * @param other id of the evaluation that it is compared with, instead of its own base
   * @throws DataError where the two were not asked the same questions
   */
  detail(id: string, other?: string): Promise<ResultDetail | undefined>;
  questions(
    id: string,
    other: string | undefined,
    filter: QuestionFilter,
  ): Promise<ResultQuestions | undefined>;
  /** The report as one HTML file. */
  report(id: string, other: string | undefined, language: Language): Promise<string | undefined>;
  close(): Promise<void>;
}

interface Found {
  folder: string;
  /** Size and time of results.json, by which a changed one is read again. */
  state: string;
  summary: ResultSummary;
}

/** Milliseconds for which the folders are not looked through again. */
const freshFor = 2000;

/** @param runsOf runs with their directories, to tell which one made a model */
export function createResultTable(
  roots: readonly string[],
  runsOf: () => Promise<readonly FoundRun[]>,
): ResultTable {
  const found = new Map<string, Found>();
  let looked = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  let pool: WorkerPool<EvaluationJob, EvaluationAnswer> | undefined;

  const look = async () => {
    const runs = await runsOf();
    const seen = new Set<string>();
    await takingTurns(walkEvaluations(roots), (folder) => {
      if (folder === undefined) return;
      const id = pathId(folder);
      const one = readFound(id, folder, roots, runs, found.get(id));
      if (!one) return;
      seen.add(id);
      found.set(id, one);
    });
    for (const id of found.keys()) if (!seen.has(id)) found.delete(id);
    looked = performance.now();
  };
  const refresh = () => {
    if (performance.now() - looked < freshFor) return Promise.resolve();
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const ask = async (id: string, other: string | undefined, wanted: EvaluationJob["wanted"]) => {
    await refresh();
    const one = found.get(id);
    const against = other === undefined ? undefined : found.get(other);
    if (!one || (other !== undefined && !against)) return undefined;
    pool ??= workerPool(new URL("./evaluationWorker", import.meta.url), {}, 1);
    const answer = await pool.run({
      folder: one.folder,
      base: against?.folder ?? ownBase(one.folder),
      state: `${one.state} ${against?.state ?? ""}`,
      wanted,
    });
    return { answer, summary: one.summary, base: against?.summary.name ?? one.summary.base };
  };
  return {
    async list() {
      await refresh();
      return [...found.values()].map(({ summary }) => summary).sort((a, b) => b.date - a.date);
    },
    async ofRun(run) {
      await refresh();
      return [...found].flatMap(([id, { summary }]) => (summary.run === run ? [id] : []));
    },
    async detail(id, other) {
      const asked = await ask(id, other, { kind: "detail" });
      if (asked?.answer.kind !== "detail") return undefined;
      const { rows, notes } = asked.answer;
      return { ...asked.summary, base: asked.base, rows, notes };
    },
    async questions(id, other, filter) {
      const asked = await ask(id, other, { kind: "questions", filter });
      return asked?.answer.kind === "questions" ? asked.answer.questions : undefined;
    },
    async report(id, other, language) {
      const asked = await ask(id, other, { kind: "report", language });
      return asked?.answer.kind === "report" ? asked.answer.page : undefined;
    },
    async close() {
      await pool?.close();
      pool = undefined;
    },
  };
}

function ownBase(folder: string): string | undefined {
  const base = join(folder, "base");
  return existsSync(join(base, "results.json")) ? base : undefined;
}

/** Larger ones are of no evaluation. */
const mostBytes = 64e6;

function readFound(
  id: string,
  folder: string,
  roots: readonly string[],
  runs: readonly FoundRun[],
  before: Found | undefined,
): Found | undefined {
  try {
    const path = join(folder, "results.json");
    const { size, mtimeMs } = statSync(path);
    const base = ownBase(folder);
    const state = `${size} ${mtimeMs} ${base === undefined ? "" : statSync(join(base, "results.json")).mtimeMs}`;
    if (before?.state === state) return before;
    if (size > mostBytes) return undefined;
    const results = readObject(path);
    const baseResults = base === undefined ? null : readObject(join(base, "results.json"));
    if (!isRecord(results?.results) || !isRecord(results["n-shot"])) return undefined;
    const name = nameOf(folder, roots);
    return {
      folder,
      state,
      summary: summaryOfEvaluation({ id, name, results, base: baseResults, runs }),
    };
  } catch {
    // It may go, or be half written, while it is read.
    return undefined;
  }
}

function readObject(path: string): Record<string, unknown> | null {
  const value: unknown = JSON.parse(readFileSync(path, "utf8"));
  return isRecord(value) ? value : null;
}

/** The folder below that which was looked through; that folder's own name where it is one itself. */
function nameOf(folder: string, roots: readonly string[]): string {
  const inner = roots
    .map((root) => relative(root, folder))
    .filter((path) => path !== "" && !path.startsWith(`..${sep}`) && path !== "..")
    .sort((a, b) => a.length - b.length)[0];
  return (inner ?? join(basename(dirname(folder)), basename(folder)))
    .split(sep)
    .slice(-3)
    .join("/");
}
