/** BIG-Bench Hard as lm-evaluation-harness 0.4.13 asks it: with and without examples and steps. */
import { type ExactMatchOptions, exactMatch, none, regexFilter } from "../../filters.js";
import type { BenchmarkFiles, Filter, GenerationTask, Group, TaskSet } from "../../types.js";
import {
  conclusionOf,
  type Question,
  readPrompt,
  readQuestions,
  reportNames,
  type SetName,
  setNames,
  stepsOf,
} from "./sets.js";
import { flexibleFilter } from "./zeroShotFilters.js";

/** Python's `(?<=the answer is )(.*)(?=.)`. */
const getAnswer = regexFilter("get-answer", /(?<=the answer is )([^\n]*)(?=[^\n])/gu);
const lostCharacter =
  "the last character of the answer's line is left out, full stop or not, as in lm-evaluation-harness";

/** The four ways of asking, by the prefix of their names. */
export function harnessTasks(): TaskSet {
  const tasks = setNames.flatMap((set) => [
    stepsAfterShots(set),
    answersAfterShots(set),
    stepsWithoutShots(set),
    answersWithoutShots(set),
  ]);
  return {
    tasks,
    groups: [
      group("bbh", "bbh_cot_fewshot", "exact_match,get-answer"),
      group("bbh_cot_fewshot", "bbh_cot_fewshot", "exact_match,get-answer"),
      group("bbh_fewshot", "bbh_fewshot", "exact_match,none"),
      group("bbh_cot_zeroshot", "bbh_cot_zeroshot", "exact_match,flexible-extract"),
      group("bbh_zeroshot", "bbh_zeroshot", "exact_match,flexible-extract"),
    ],
  };
}

function group(name: string, prefix: string, metric: string): Group {
  const members = setNames.map((set) => `${prefix}_${set}`);
  return { name, members, version: 3, average: "micro", metrics: [metric] };
}

/** How one way of asking differs from the others. */
interface Way {
  prefix: string;
  version: number;
  /** What follows the question. */
  call: string;
  delimiter: string;
  /** What a published example answers; without it examples come from the questions. */
  answerOf?(target: string): string;
  until: readonly string[];
  maxNewTokens?: number;
  filters: readonly Filter[];
  match?: ExactMatchOptions;
  notes?: readonly string[];
}

function stepsAfterShots(set: SetName): GenerationTask<Question> {
  return taskOf(set, {
    prefix: "bbh_cot_fewshot",
    version: 4,
    call: "\nA: Let's think step by step.\n",
    delimiter: "",
    answerOf: stepsOf,
    until: ["</s>", "Q", "\n\n"],
    maxNewTokens: 1024,
    filters: [getAnswer],
    notes: [lostCharacter],
  });
}

function answersAfterShots(set: SetName): GenerationTask<Question> {
  return taskOf(set, {
    prefix: "bbh_fewshot",
    version: 2,
    call: "\nA:",
    delimiter: " ",
    answerOf: conclusionOf,
    until: ["</s>", "Q", "\n\n"],
    filters: [none],
  });
}

/** `\.$`, `,`, `\\`, `\n` and `"` of Python. */
const looseMatch: ExactMatchOptions = {
  ignore: [/\.(?=\n?$)/g, /,/g, /\\/g, /\n/g, /"/g],
  ignoreCase: true,
};

function stepsWithoutShots(set: SetName): GenerationTask<Question> {
  const after = ["The answer is ", "the answer is ", "The answer: ", "The final answer: "];
  const pattern = after.map((words) => `(?<=${words})([^\\n]*)(?=[^\\n])`).join("|");
  return taskOf(set, {
    prefix: "bbh_cot_zeroshot",
    version: 3,
    call: "\nA: Let's think step by step.",
    delimiter: " ",
    until: ["</s>", "Q:", "<|im_end|>"],
    filters: [
      flexibleFilter(set, "last"),
      regexFilter("strict-match", new RegExp(`(${pattern})`, "gu")),
    ],
    match: looseMatch,
    notes: [`strict-match: ${lostCharacter}`],
  });
}

function answersWithoutShots(set: SetName): GenerationTask<Question> {
  return taskOf(set, {
    prefix: "bbh_zeroshot",
    version: 3,
    call: "\nA:",
    delimiter: " ",
    until: ["</s>", "Q:", "<|im_end|>"],
    filters: [{ ...none, name: "strict-match" }, flexibleFilter(set, "first")],
    match: looseMatch,
  });
}

function taskOf(set: SetName, way: Way): GenerationTask<Question> {
  const { prefix, version, call, delimiter, answerOf, until, filters, match, notes = [] } = way;
  const question = ({ input }: Question) => `Q: ${input}${call}`;
  const fixedShots = async (files: BenchmarkFiles) => {
    const { shots } = await readPrompt(files, set);
    return shots.map(({ input, target }) => ({ input, target: answerOf!(target) }));
  };
  return {
    kind: "generation",
    name: `${prefix}_${set}`,
    protocol: "lm-eval",
    version,
    ...reportNames(set),
    notes,
    docs: (files) => readQuestions(files, set),
    description: async (files) => `${(await readPrompt(files, set)).description}\n\n`,
    shots: answerOf
      ? { count: 3, most: 3, draw: "first", docs: fixedShots }
      : { count: 0, draw: "random" },
    prompt: (doc, shots) => ({
      description: "",
      shots: shots.map((shot) => ({ question: question(shot), answer: shot.target })),
      question: question(doc),
      delimiters: { answer: delimiter, shot: "\n\n" },
    }),
    until,
    maxNewTokens: way.maxNewTokens ?? 256,
    generationArguments: {
      ...(way.maxNewTokens === undefined ? {} : { max_gen_toks: way.maxNewTokens }),
      until,
      do_sample: false,
      temperature: 0,
    },
    filters,
    metrics: ["exact_match"],
    target: ({ target }) => target,
    score: ({ target }, [answer]) => ({ exact_match: exactMatch(answer!, target, match) }),
  };
}
