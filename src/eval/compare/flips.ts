/** Questions whose score changed between two models. */
import type { Sample } from "../samples.js";
import { type Answer, answerOf } from "./answers.js";
import type { SamplePair } from "./pairs.js";

export interface Flip {
  task: string;
  /** Metric and filter whose value changed. */
  metric: string;
  doc_id: number;
  /** `gained`: the tuned model's score is higher; `lost`: the base's. */
  direction: "gained" | "lost";
  /** Scores of base and tuned. */
  scores: readonly [base: number, tuned: number];
  /** The whole prompt. */
  prompt: string;
  /** Where in the prompt the question itself begins, as far as can be seen. */
  questionStart: number;
  base: Answer;
  tuned: Answer;
}

/** All flips of one task, in the order of its questions; of several metrics, each counts by itself. */
export function flipsOf(task: string, pairs: readonly SamplePair[]): Flip[] {
  const starts = questionStarts(pairs.map(({ tuned }) => promptOf(tuned)));
  return pairs.flatMap(({ base, tuned }, i) =>
    tuned.metrics.flatMap((metric): Flip[] => {
      const scores = [Number(base[metric]), Number(tuned[metric])] as const;
      if (scores[0] === scores[1]) return [];
      return [
        {
          task,
          metric: `${metric},${tuned.filter}`,
          doc_id: tuned.doc_id,
          direction: scores[1] > scores[0] ? "gained" : "lost",
          scores,
          prompt: promptOf(tuned),
          questionStart: starts[i]!,
          base: answerOf(base),
          tuned: answerOf(tuned),
        },
      ];
    }),
  );
}

export function promptOf(sample: Sample): string {
  return sample.arguments[0]?.[0] ?? "";
}

/** Questions longer than this are looked at once more: their examples are not the same for all. */
const LONG = 1500;

/**
 * Where the question begins in each prompt: after what all prompts share, which are instruction and examples;
 * where the examples differ, after the last empty line.
 */
export function questionStarts(prompts: readonly string[]): number[] {
  const [first = "", ...rest] = prompts;
  let shared = rest.length === 0 ? 0 : first.length;
  for (const prompt of rest) {
    let i = 0;
    while (i < shared && prompt[i] === first[i]) i++;
    shared = i;
  }
  const start = afterEmptyLine(first.slice(0, shared));
  return prompts.map((prompt) =>
    prompt.length - start <= LONG ? start : Math.max(start, afterEmptyLine(prompt.trimEnd())),
  );
}

function afterEmptyLine(text: string): number {
  const found = text.lastIndexOf("\n\n");
  return found < 0 ? 0 : found + 2;
}
