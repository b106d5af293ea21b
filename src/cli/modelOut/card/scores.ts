/** Scores of evaluations for a model card, from results.json as lm-evaluation-harness writes it. */
import { isObject, readJsonObject } from "../../../format/index.js";
import { FormatError } from "../../../util/errors.js";

/** One figure of a task. */
export interface Score {
  task: string;
  metric: string;
  value: number;
  /** Standard error, where the file has one. */
  error: number | undefined;
  /** Examples before each question, where the file says so. */
  shots: number | undefined;
}

/** @throws FormatError for a file that holds no results */
export function readScores(file: string): Score[] {
  const { results, "n-shot": shots } = readJsonObject(file);
  if (!isObject(results)) {
    throw new FormatError(`${file}: has no results`, {
      why: "it should be an object with the figures of each task under `results`",
      todo: "give the results.json of an evaluation",
    });
  }
  return Object.entries(results).flatMap(([task, figures]) => {
    const given = isObject(shots) ? shots[task] : undefined;
    const own = { task, shots: typeof given === "number" ? given : undefined };
    return scoresOf(figures).map((score) => ({ ...own, ...score }));
  });
}

/** Keys are `METRIC,FILTER`, and `METRIC_stderr,FILTER` for errors. */
function scoresOf(figures: unknown): Pick<Score, "metric" | "value" | "error">[] {
  if (!isObject(figures)) return [];
  return Object.entries(figures).flatMap(([key, value]) => {
    const [metric = "", filter] = key.split(",");
    if (filter === undefined || metric.endsWith("_stderr") || typeof value !== "number") return [];
    const error = figures[`${metric}_stderr,${filter}`];
    const shown = filter === "none" ? metric : `${metric} (${filter})`;
    return [{ metric: shown, value, error: typeof error === "number" ? error : undefined }];
  });
}
