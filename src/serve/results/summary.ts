/** An evaluation in a line: what was asked of which model, and its main scores. */
import { basename, dirname, resolve } from "node:path";
import {
  mainScore,
  type ReportedEvaluation,
  tasksBelow,
  topNames,
} from "../../eval/report/index.js";
import { isRecord } from "../../util/isRecord.js";
import { realPath } from "../../util/outPlace.js";
import type { ResultSummary } from "../schema.js";

/** A run with its directory. */
export interface FoundRun {
  id: string;
  directory: string;
}

export interface SummaryInput {
  id: string;
  name: string;
  /** What results.json holds. */
  results: Record<string, unknown>;
  /** That of the base, which was asked the same. */
  base: Record<string, unknown> | null;
  runs: readonly FoundRun[];
}

export function summaryOfEvaluation({
  id,
  name,
  results,
  base,
  runs,
}: SummaryInput): ResultSummary {
  const evaluation = evaluationOf(results);
  const baseEvaluation = base && evaluationOf(base);
  const config = isRecord(results.config) ? results.config : {};
  const places = placesOf(config);
  const made = placedRun(places, runs);
  return {
    id,
    name,
    model: places.map(shortName).at(-1) ?? String(results.model_name ?? "?"),
    base: base === null ? null : (placesOf(configOf(base)).map(shortName).at(-1) ?? null),
    run: made?.run ?? null,
    step: made?.step ?? null,
    protocol: String(results.protocol ?? "lm-eval"),
    date: typeof results.date === "number" ? results.date : 0,
    tasks: Object.keys(evaluation["n-shot"]).length,
    scores: topNames(evaluation).flatMap((top) => {
      const score = mainScore(evaluation, top);
      if (score?.unit !== "points") return [];
      const before = baseEvaluation && mainScore(baseEvaluation, top);
      return [
        {
          benchmark: top,
          score: score.value,
          error: score.stderr,
          base_score: before?.value ?? null,
        },
      ];
    }),
  };
}

/** What results.json holds, with what older ones lack; without samples. */
function evaluationOf(results: Record<string, unknown>): ReportedEvaluation {
  const empty = {
    groups: {},
    group_subtasks: {},
    averages: {},
    topics: {},
    notes: {},
    samples: {},
  };
  return { ...empty, ...(results as unknown as ReportedEvaluation) };
}

function configOf(results: Record<string, unknown>): Record<string, unknown> {
  return isRecord(results.config) ? results.config : {};
}

/** The model, then its adapters, as they were named, or where they were found. */
function placesOf(config: Record<string, unknown>): string[] {
  const found = Array.isArray(config.adapter_paths) ? config.adapter_paths : [];
  const places = [config.model, ...found].filter((place) => typeof place === "string");
  return places.length > 0 ? places : [];
}

/** The last two folders tell a model from others; where it lies is nobody's business. */
function shortName(place: string): string {
  const parts = place.split("/").filter(Boolean);
  return parts.slice(place.startsWith("/") ? -2 : -3).join("/");
}

function placedRun(places: readonly string[], runs: readonly FoundRun[]) {
  for (const place of [...places].reverse()) {
    const real = realPath(resolve(place));
    if (real === undefined) continue;
    const step = /^checkpoint-(\d+)$/.exec(basename(real))?.[1];
    const directory = step === undefined ? real : dirname(real);
    const run = runs.find((one) => realPath(one.directory) === directory);
    if (run) return { run: run.id, step: step === undefined ? null : Number(step) };
  }
  return undefined;
}

/** Groups and tasks that belong to a benchmark or group, or the task itself. */
export function tasksOf(evaluation: ReportedEvaluation, name: string): string[] {
  if (name in evaluation.groups) return tasksBelow(evaluation, name);
  if (name in evaluation.samples) return [name];
  return Object.keys(evaluation.samples).filter(
    (task) => evaluation.topics?.[task]?.benchmark === name,
  );
}
