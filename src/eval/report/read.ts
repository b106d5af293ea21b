/** Reads an evaluation back from its directory. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../util/errors.js";
import { isRecord } from "../../util/isRecord.js";
import type { SeedRun } from "../compare/index.js";
import { parseJson } from "../files.js";
import type { Sample } from "../samples.js";
import type { ReportedEvaluation, ReportInput } from "./input.js";

/**
 * The evaluation that `eval --output` left in a directory: results.json with the samples of each task.
 *
 * @throws DataError where a file is missing or not what it should be
 */
export function readEvaluation(folder: string): ReportedEvaluation {
  const path = join(folder, "results.json");
  const results = readJson(path);
  if (!isRecord(results) || !isRecord(results.results) || !isRecord(results["n-shot"])) {
    throw new DataError(`${path} is not of an evaluation`, {
      todo: "give the directory that tunewright eval wrote with --output",
    });
  }
  const tasks = Object.keys(results["n-shot"]);
  const samples = tasks.map((task) => [task, readSamples(folder, task)] as const);
  const empty = { groups: {}, group_subtasks: {}, averages: {}, topics: {}, notes: {} };
  return {
    ...empty,
    ...(results as unknown as ReportedEvaluation),
    samples: Object.fromEntries(samples),
  };
}

/**
 * All that lies in the directory of an evaluation: the model, the base model in `base`, and each draw of
 * examples in `seed-N`.
 *
 * @throws DataError where a file is missing or not what it should be
 */
export function readReportInput(folder: string): ReportInput {
  const seeds = readdirSync(folder, { withFileTypes: true })
    .flatMap(({ name }) => /^seed-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((one, other) => one - other)
    .map((seed): SeedRun => ({ seed, evaluation: readEvaluation(join(folder, `seed-${seed}`)) }));
  const base = join(folder, "base");
  return {
    evaluation: readEvaluation(folder),
    base: existsSync(join(base, "results.json")) ? readEvaluation(base) : undefined,
    seeds: seeds.length > 0 ? seeds : undefined,
  };
}

function readSamples(folder: string, task: string): Sample[] {
  // As the directory of an evaluation names them.
  const path = join(folder, `samples_${task.replace(/[/\\:*?"<>|\s]/g, "_")}.jsonl`);
  const lines = readText(path).split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const sample = parseJson(line, `${path}:${i + 1}`);
    if (!isRecord(sample) || !Array.isArray(sample.arguments) || !Array.isArray(sample.metrics)) {
      throw new DataError(`${path}:${i + 1} is not a sample`);
    }
    return [sample as unknown as Sample];
  });
}

function readJson(path: string): unknown {
  return parseJson(readText(path), path);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new DataError(`${path} cannot be read`, {
      why: (cause as Error).message,
      todo: "give the directory that tunewright eval wrote with --output",
      cause,
    });
  }
}
