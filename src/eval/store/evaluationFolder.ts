/** The directory of an evaluation: results.json, a file of samples for each task, and answers meanwhile. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeAtomic, writeFileAtomic } from "../../util/atomicFile.js";
import { ConfigError } from "../../util/errors.js";
import { isRecord } from "../../util/isRecord.js";
import { makeFolders } from "../../util/makeFolders.js";
import type { AnswerStore } from "../ask.js";
import type { Sample } from "../samples.js";
import { openAnswerFile, settingsOfAnswers } from "./answerFile.js";
import { differingSettings, type Settings } from "./settings.js";

const resultsName = "results.json";
const answersName = "answers.jsonl";

/** Folders of the same form inside: of the base model, and of each seed. */
const innerFolder = /^(base|seed-\d+)$/;

export interface EvaluationFolder {
  /** Answers that an interrupted evaluation left here, and its lines that were not whole. */
  readonly kept: number;
  readonly dropped: number;
  /** The answers of one model. @param identity as of `modelIdentity` */
  storeOf(identity: string): AnswerStore;
  /** @param inner `base`, `seed-1` or `base/seed-1`; empty for the folder itself */
  writeSamples(inner: string, task: string, samples: readonly Sample[]): void;
  writeResults(inner: string, results: object): void;
  /** Writes the results of the whole, which ends the evaluation. */
  finish(results: object): void;
  close(): void;
}

/**
 * The results that lie in the directory, where they are those of the same settings.
 *
 * @returns nothing where no evaluation was finished there
 * @throws ConfigError where what lies there is another evaluation, finished or not
 */
export function finishedResults(folder: string, settings: Settings): Settings | undefined {
  const path = join(folder, resultsName);
  const there = existsSync(path) ? configOf(path) : undefined;
  const begun = there?.config ?? settingsOfAnswers(join(folder, answersName));
  if (begun === undefined) return undefined;
  const differing = differingSettings(settings, begun);
  if (differing.length === 0) return there?.results;
  const show = (value: unknown) => JSON.stringify(value ?? null).slice(0, 60);
  const [name = ""] = differing;
  throw new ConfigError(`${folder} holds another evaluation`, {
    why: `${differing.join(", ")} ${differing.length === 1 ? "differs" : "differ"}: ${name} is ${show(begun[name])} there, ${show(settings[name])} here`,
    todo: "give another --output, or --overwrite to begin anew there",
  });
}

function configOf(path: string): { results: Settings; config: Settings } {
  try {
    const results: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (isRecord(results) && isRecord(results.config)) {
      return { results, config: results.config };
    }
  } catch {
    // The same as a file of another kind.
  }
  throw new ConfigError(`${path} is not of an evaluation`, {
    todo: "give another --output, or --overwrite to write over it",
  });
}

/** Removes what an evaluation has left in the directory, and nothing else. */
export function clearEvaluation(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const isOurs =
      /^report\.(html|md)$/.test(entry.name) ||
      entry.name === resultsName ||
      entry.name === answersName ||
      /^samples_.*\.jsonl$/.test(entry.name);
    if (entry.isFile() && isOurs) rmSync(path);
    else if (entry.isDirectory() && innerFolder.test(entry.name)) clearEvaluation(path);
  }
}

/** Opens the directory for writing; the answers that an evaluation of these settings left are kept. */
export function openEvaluationFolder(folder: string, settings: Settings): EvaluationFolder {
  makeFolders(folder);
  const answersPath = join(folder, answersName);
  const answers = openAnswerFile(answersPath, settings);
  const write = (inner: string, results: object) => {
    const path = join(folder, inner, resultsName);
    makeFolders(dirname(path));
    writeFileAtomic(path, `${JSON.stringify(results, null, 2)}\n`);
  };
  return {
    kept: answers.kept,
    dropped: answers.dropped,
    storeOf: answers.storeOf,
    writeSamples(inner, task, samples) {
      makeFolders(join(folder, inner));
      writeAtomic(join(folder, inner, `samples_${fileWord(task)}.jsonl`), (bytes) => {
        for (const sample of samples) bytes(Buffer.from(`${JSON.stringify(sample)}\n`));
      });
    },
    writeResults: write,
    finish(results) {
      write("", results);
      rmSync(answersPath, { force: true });
    },
    close: answers.close,
  };
}

/** A task's name as a part of the name of a file. */
function fileWord(task: string): string {
  return task.replace(/[/\\:*?"<>|\s]/g, "_");
}
