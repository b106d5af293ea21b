/** GSM8K as lm-evaluation-harness 0.4.13 asks it. */
import { parse } from "yaml";
import { ConfigError } from "../../../util/errors.js";
import { type ExactMatchOptions, exactMatch, regexFilter } from "../../filters.js";
import { promptsOf } from "../../prompt.js";
import { strip } from "../../python/index.js";
import type { BenchmarkFiles, GenerationTask } from "../../types.js";
import { textRecords } from "../records.js";
import { type Problem, readProblems } from "./problems.js";

/** `,`, `\$`, `(?s).*#### ` and `\.$` of Python. */
const match: ExactMatchOptions = {
  ignore: [/,/g, /\$/g, /.*#### /gs, /\.(?=\n?$)/g],
  ignoreCase: true,
};

const flexible = regexFilter("flexible-extract", /(-?[$0-9.,]{2,})|(-?[0-9]+)/g, -1);
const strictAfterMarks = regexFilter("strict-match", /#### (-?[0-9.,]+)/g);
const strictAfterWords = regexFilter("strict-match", /The answer is (-?[0-9.,]+)[^\n]/gu);

/** What the tasks have in common. */
const common = {
  kind: "generation",
  protocol: "lm-eval",
  version: 3,
  benchmark: "gsm8k",
  docs: (files: BenchmarkFiles) => readProblems(files, "test"),
  maxNewTokens: 256,
  metrics: ["exact_match"],
} as const;

/** `gsm8k`, `gsm8k_cot` and `gsm8k_cot_zeroshot`. */
export function harnessTasks(): GenerationTask<Problem>[] {
  return [fiveShots(), chainOfThought(), chainOfThoughtWithoutShots()];
}

function fiveShots(): GenerationTask<Problem> {
  const until = ["Question:", "</s>", "<|im_end|>"];
  return {
    ...common,
    name: "gsm8k",
    shots: { count: 5, draw: "random", docs: (files) => readProblems(files, "train") },
    prompt: promptsOf("", ({ question }) => `Question: ${question}\nAnswer:`),
    until,
    generationArguments: { until, do_sample: false, temperature: 0 },
    filters: [strictAfterMarks, flexible],
    target: ({ answer }) => answer,
    score: (doc, [answer]) => ({ exact_match: exactMatch(answer!, doc.answer, match) }),
  };
}

function chainOfThought(): GenerationTask<Problem> {
  const until = ["Q:", "</s>", "<|im_end|>"];
  const target = ({ answer }: Problem) => strip(answer.split("####").at(-1)!);
  return {
    ...common,
    name: "gsm8k_cot",
    shots: { count: 8, most: 8, draw: "first", docs: readFixedShots },
    prompt: promptsOf("", ({ question }) => `Q: ${question}\nA:`),
    until,
    generationArguments: { do_sample: false, until },
    filters: [strictAfterWords, flexible],
    target,
    score: (doc, [answer]) => ({ exact_match: exactMatch(answer!, target(doc), match) }),
  };
}

function chainOfThoughtWithoutShots(): GenerationTask<Problem> {
  const until = ["Q:", "</s>", "<|im_end|>"];
  const question = (doc: Problem) => `Q: ${doc.question}\nA: Let's think step by step.`;
  return {
    ...common,
    name: "gsm8k_cot_zeroshot",
    shots: { count: 0, draw: "random", docs: (files) => readProblems(files, "train") },
    prompt: promptsOf("", question),
    until,
    generationArguments: { until, do_sample: false },
    filters: [strictAfterWords, flexible],
    target: ({ answer }) => answer,
    score: (doc, [answer]) => ({ exact_match: exactMatch(answer!, doc.answer, match) }),
  };
}

/**
 * The eight examples of the chain-of-thought paper (Wei et al., 2022, arXiv 2201.11903) from the
 * harness's own file of the task, beside test.jsonl.
 */
async function readFixedShots(files: BenchmarkFiles): Promise<Problem[]> {
  const path = "gsm8k-cot.yaml";
  if (!files.has(path)) {
    throw new ConfigError("gsm8k_cot needs its eight examples", {
      why: "they are a text of others, which does not come with this program",
      todo: `put lm-evaluation-harness's tasks/gsm8k/${path} beside test.jsonl, or ask gsm8k or gsm8k_cot_zeroshot`,
    });
  }
  const task = parse(await files.text(path)) as { fewshot_config?: { samples?: unknown } } | null;
  const samples = task?.fewshot_config?.samples;
  return textRecords(samples, ["question", "target"], `${files.folder}/${path}`).map(
    ({ question, target }) => ({ question, answer: target }),
  );
}
