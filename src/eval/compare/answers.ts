/** What a model answered, read from samples of either kind. */
import type { Sample } from "../samples.js";

/** The likeliest of given texts. */
export interface ChoiceAnswer {
  kind: "choice";
  /** The texts without white space around them, as they were offered. */
  choices: readonly string[];
  /** Sums of natural logarithms of token probabilities, by choice. */
  logprobs: readonly number[];
  /** Softmax of the log-likelihoods: how the model's belief is spread over the choices. */
  probabilities: readonly number[];
  /** Index of the likeliest. */
  predicted: number;
  /** Indices of the right ones; empty where the sample does not say. */
  gold: readonly number[];
}

/** A generated text. */
export interface TextAnswer {
  kind: "text";
  /** As it was generated; the first where there are several. */
  text: string;
  /** What the filter took from it. */
  filtered: string;
  /** The right answer as text. */
  gold: string;
  /** Answers that were generated. */
  count: number;
}

export type Answer = ChoiceAnswer | TextAnswer;

/** The answer in a sample. */
export function answerOf(sample: Sample): Answer {
  const pairs = sample.filtered_resps;
  return pairs.length > 0 && pairs.every(isLoglikelihood)
    ? choiceAnswer(sample, pairs)
    : textAnswer(sample);
}

function isLoglikelihood(value: unknown): value is [number, boolean] {
  return Array.isArray(value) && typeof value[0] === "number" && typeof value[1] === "boolean";
}

function choiceAnswer(sample: Sample, pairs: readonly [number, boolean][]): ChoiceAnswer {
  const logprobs = pairs.map(([logprob]) => logprob);
  const highest = Math.max(...logprobs);
  const weights = logprobs.map((logprob) => Math.exp(logprob - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const choices = sample.arguments.map(([, continuation]) => String(continuation).trim());
  return {
    kind: "choice",
    choices,
    logprobs,
    probabilities: weights.map((weight) => weight / total),
    predicted: logprobs.indexOf(highest),
    gold: goldIndices(sample.target, choices),
  };
}

/** Targets are an index, several, or the text of the right choice. */
function goldIndices(target: unknown, choices: readonly string[]): number[] {
  return [target].flat().flatMap((one) => {
    const index = typeof one === "number" ? one : choices.indexOf(String(one).trim());
    return index >= 0 && index < choices.length ? [index] : [];
  });
}

function textAnswer({ resps, filtered_resps, target }: Sample): TextAnswer {
  const [first] = resps;
  const texts = Array.isArray(first) ? first : [first];
  return {
    kind: "text",
    text: String(texts[0] ?? ""),
    filtered: String(filtered_resps[0] ?? ""),
    gold: typeof target === "string" ? target : JSON.stringify(target),
    count: texts.length,
  };
}
