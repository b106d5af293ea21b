/** What is recorded of each question, in the form of lm-evaluation-harness's samples. */
import { createHash } from "node:crypto";
import type { Question } from "./questions.js";
import type { ChoiceTask, Filter, GenerationTask, Loglikelihood, Scores } from "./types.js";

/** One question with its answers and scores; the scores stand under the names of their metrics. */
export interface Sample {
  doc_id: number;
  doc: unknown;
  target: unknown;
  /** What the model was asked: context with continuation, or with the settings of generation. */
  arguments: [string, unknown][];
  resps: unknown[];
  filtered_resps: unknown[];
  filter: string;
  metrics: string[];
  prompt_hash: string;
  target_hash: string;
  [metric: string]: unknown;
}

export function choiceSample(
  task: ChoiceTask,
  question: Question,
  answers: readonly Loglikelihood[],
  scores: Scores,
): Sample {
  const pairs = answers.map(({ logprob, greedy }) => [logprob, greedy]);
  return {
    ...commonOf(task, question),
    arguments: task
      .choices(question.doc)
      .map((choice) => [question.context, question.delimiter + choice]),
    resps: pairs.map((pair) => [pair]),
    filtered_resps: pairs,
    filter: "none",
    metrics: Object.keys(scores),
    ...scores,
  };
}

/** @param second context of a second question, whose answers are judged */
export function generationSample(
  task: GenerationTask,
  question: Question,
  second: string | undefined,
  answers: readonly string[],
  filtered: readonly string[],
  filter: Filter,
  scores: Scores,
): Sample {
  return {
    ...commonOf(task, question),
    arguments: (second === undefined ? [question.context] : [question.context, second]).map(
      (context) => [context, task.generationArguments],
    ),
    resps: [answers],
    filtered_resps: filter.nested ? [filtered] : [...filtered],
    filter: filter.name,
    metrics: Object.keys(scores),
    ...scores,
  };
}

function commonOf(task: ChoiceTask | GenerationTask, { index, doc, context }: Question) {
  const target = task.target(doc);
  return {
    doc_id: index,
    doc,
    target,
    prompt_hash: sha256(context),
    target_hash: sha256(typeof target === "string" ? target : JSON.stringify(target)),
  };
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
