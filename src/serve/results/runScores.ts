/** Scores that a run has measured while it trained (`eval_tasks`), as an evaluation. */
import { NORMAL_95 } from "../../eval/compare/index.js";
import { pathId } from "../pathId.js";
import type { BenchmarkRow, RunTable } from "../runs/index.js";
import type { ResultDetail, ResultRow, ResultSummary, RunSummary } from "../schema.js";
import type { ResultTable } from "./resultTable.js";

/** A table that also has the scores which runs have measured. */
export function withRunScores(table: ResultTable, runs: Pick<RunTable, "benchmarks">): ResultTable {
  const told = async () =>
    (await runs.benchmarks()).map(({ summary, rows }) => ({
      summary: summaryOfRun(summary, rows),
      rows,
    }));
  const find = async (id: string) => (await told()).find(({ summary }) => summary.id === id);
  return {
    ...table,
    async list() {
      const all = [...(await table.list()), ...(await told()).map(({ summary }) => summary)];
      return all.sort((one, other) => other.date - one.date);
    },
    async ofRun(run) {
      const own = (await told()).flatMap(({ summary }) =>
        summary.run === run ? [summary.id] : [],
      );
      return [...(await table.ofRun(run)), ...own];
    },
    async detail(id, other) {
      const one = other === undefined ? await find(id) : undefined;
      return one ? { ...one.summary, ...detailOfRun(one.rows) } : table.detail(id, other);
    },
    async questions(id, other, filter) {
      // Which questions were answered how is not kept of these.
      if (await find(id)) return { total: 0, questions: [] };
      return table.questions(id, other, filter);
    },
  };
}

/** The newest scores of a run, beside those from before its first step. */
function summaryOfRun(run: RunSummary, rows: readonly BenchmarkRow[]): ResultSummary {
  const { last, first } = endsOf(rows);
  return {
    id: pathId(`benchmarks ${run.id}`),
    name: `${run.name}, while it trained`,
    model: run.name,
    base: first ? run.model : null,
    run: run.id,
    step: last.step,
    protocol: last.protocol,
    date: last.time,
    tasks: Object.keys(last.scores).length,
    scores: scoreRows(rows).map(({ benchmark, score, error, base_score }) => {
      return { benchmark, score, error, base_score };
    }),
  };
}

function detailOfRun(rows: readonly BenchmarkRow[]): Pick<ResultDetail, "rows" | "notes"> {
  const { last } = endsOf(rows);
  const notes = [
    {
      en: `Measured on ${last.questions} questions while the run trained; which of them were answered how is not kept.`,
      zh: `训练过程中在 ${last.questions} 个问题上测得；没有保存各题的回答。`,
    },
  ];
  return { rows: scoreRows(rows), notes };
}

function endsOf(rows: readonly BenchmarkRow[]): {
  last: BenchmarkRow;
  first: BenchmarkRow | undefined;
} {
  const last = rows.at(-1)!;
  const first = rows.find(({ step }) => step === 0);
  return { last, first: first === last ? undefined : first };
}

/** The first metric of each task or group. */
function scoreRows(rows: readonly BenchmarkRow[]): ResultRow[] {
  const { last, first } = endsOf(rows);
  return Object.entries(last.scores).flatMap(([benchmark, metrics]) => {
    const key = Object.keys(metrics).find((one) => !/_(?:stderr|micro|macro),/.test(one));
    const score = key === undefined ? undefined : metrics[key];
    if (key === undefined || score === undefined) return [];
    const [metric = key, filter] = key.split(",");
    const stderrKey = `${metric}_stderr,${filter}`;
    const error = metrics[stderrKey] ?? null;
    const base_score = first?.scores[benchmark]?.[key] ?? null;
    return [
      {
        benchmark,
        task: null,
        label: benchmark,
        metric,
        is_share: score >= 0 && score <= 1,
        questions: last.questions,
        score,
        error,
        interval: error === null ? null : [score - NORMAL_95 * error, score + NORMAL_95 * error],
        base_score,
        base_error: first?.scores[benchmark]?.[stderrKey] ?? null,
        difference: base_score === null ? null : score - base_score,
        difference_interval: null,
        p_value: null,
        gained: null,
        lost: null,
      } satisfies ResultRow,
    ];
  });
}
