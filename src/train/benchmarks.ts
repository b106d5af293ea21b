/** Benchmarks that the model is scored on while it learns, for the run's `benchmark` events. */
import { evalModelOf } from "../eval/engine/index.js";
import {
  evaluate,
  type PlanOptions,
  type Protocol,
  planEvaluation,
  type Results,
} from "../eval/index.js";
import { answerEnds } from "../generate/index.js";
import type { CausalLanguageModel } from "../models/index.js";
import type { ChatTemplate, Tokenizer } from "../text/index.js";
import { abortOnSignals } from "../util/signals.js";
import type { TrainingConfig } from "./config/index.js";
import type { Recorder } from "./recorder.js";

/** What `eval_tasks` ask. */
export interface Benchmarks {
  asked: Omit<PlanOptions, "model"> & { protocol: Protocol };
  questions: number;
  /** One line that tells the user of them. */
  note: string;
}

type TaskSettings = Pick<
  TrainingConfig,
  "eval_tasks" | "eval_data_dir" | "eval_limit" | "eval_num_fewshot" | "eval_protocol"
>;

/**
 * Makes all prompts of `eval_tasks` once, so that what is missing shows before training.
 *
 * @returns nothing where the configuration names no tasks
 * @throws ConfigError, DataError for unknown tasks and files that are missing or cannot be read
 */
export async function openBenchmarks(config: TaskSettings): Promise<Benchmarks | undefined> {
  if (config.eval_tasks.length === 0) return undefined;
  const asked = {
    tasks: config.eval_tasks,
    dataDir: config.eval_data_dir ?? "",
    limit: config.eval_limit ?? undefined,
    numFewshot: config.eval_num_fewshot ?? undefined,
    protocol: config.eval_protocol,
  };
  const model = { loglikelihood: async () => [], generateUntil: async () => [] };
  const { tasks, dialogues } = await planEvaluation({ ...asked, model });
  const questions = [
    ...tasks.map(({ work }) => work.length),
    ...dialogues.map(({ turns }) => turns.length),
  ].reduce((sum, count) => sum + count, 0);
  const names = config.eval_tasks.join(", ");
  const note = `eval_tasks: ${names} (${questions} questions) are asked at each evaluation and after the last step; their keys and values take memory beside training.`;
  return { asked, questions, note };
}

/** A model in training, with its text. */
export interface ScoredModel {
  model: CausalLanguageModel;
  tokenizer: Tokenizer;
  template: ChatTemplate;
}

/** Asks all questions of the model as it is, and records the scores. Nothing of the model changes. */
export async function recordBenchmarks(
  { model, tokenizer, template }: ScoredModel,
  { asked, questions }: Benchmarks,
  recorder: Recorder,
  stepsPerEpoch: number,
): Promise<void> {
  const started = performance.now();
  const ends = answerEnds(model, tokenizer, template);
  const scored = await evalModelOf({ model, tokenizer, template, ...ends, defaults: {} });
  const { signal, done } = abortOnSignals();
  try {
    const { results } = await evaluate({ ...asked, model: scored, signal });
    recorder.write({
      type: "benchmark",
      epoch: recorder.state.step / stepsPerEpoch,
      protocol: asked.protocol,
      scores: scoresOf(results),
      questions,
      seconds: (performance.now() - started) / 1000,
    });
  } finally {
    done();
    scored.dispose();
  }
}

/** The numbers of each task and group, by metric with filter. */
function scoresOf(results: Results["results"]): Record<string, Record<string, number>> {
  const isScore = ([key, value]: [string, unknown]) =>
    key.includes(",") && typeof value === "number";
  return Object.fromEntries(
    Object.entries(results).map(([name, entry]) => [
      name,
      Object.fromEntries(Object.entries(entry).filter(isScore)) as Record<string, number>,
    ]),
  );
}
