/**
 * BIG-Bench Hard by its paper: the published prompt as it is, the answer after `the answer is`, exact
 * match. Averages are over the paper's 23 tasks (table 2): the three sizes of logical deduction count as
 * one, and so do those of tracking shuffled objects.
 */
import { exactMatch } from "../../filters.js";
import { strip } from "../../python/index.js";
import type { Filter, GenerationTask, Group, TaskSet } from "../../types.js";
import {
  afterPublished,
  categoryOf,
  publishedPrompt,
  type Question,
  reportNames,
  type SetName,
  setNames,
} from "./sets.js";

const until = ["\n\n", "</s>"];
const call = "Let's think step by step.";

export function paperTasks(): TaskSet {
  return { tasks: setNames.map(paperTask), groups: groups() };
}

const nameOf = (set: SetName) => `bbh_cot_fewshot_${set}`;

function paperTask(set: SetName): GenerationTask<Question> {
  return {
    kind: "generation",
    name: nameOf(set),
    protocol: "official",
    version: "2210.09261",
    ...reportNames(set),
    ...publishedPrompt(set),
    prompt: (doc, shots) => ({ ...afterPublished(doc, shots), answerPrefix: call }),
    until,
    maxNewTokens: 1024,
    generationArguments: { until, max_gen_toks: 1024, do_sample: false },
    filters: [getAnswer],
    metrics: ["exact_match"],
    target: ({ target }) => target,
    score: ({ target }, [answer]) => ({ exact_match: exactMatch(answer!, target) }),
  };
}

/** What follows `the answer is` in its line, without the full stop; an answer without it is wrong. */
const getAnswer: Filter = {
  name: "get-answer",
  apply: (answers) =>
    answers.map((answer) => {
      const [, rest = ""] = /the answer is ([^\n]*)/.exec(answer) ?? [];
      return strip(strip(rest).replace(/\.$/, ""));
    }),
};

function groups(): Group[] {
  const one = (name: string, sets: readonly SetName[]): Group => ({
    name,
    members: sets.map(nameOf),
    version: "2210.09261",
    average: Object.fromEntries(sets.map((set) => [nameOf(set), weightOf(set)])),
  });
  const ofCategory = (category: string) => setNames.filter((set) => categoryOf(set) === category);
  return [
    one("bbh", setNames),
    one("bbh_nlp", ofCategory("nlp")),
    one("bbh_algorithmic", ofCategory("algorithmic")),
  ];
}

function weightOf(set: SetName): number {
  return /^(logical_deduction|tracking_shuffled_objects)_/.test(set) ? 1 / 3 : 1;
}
