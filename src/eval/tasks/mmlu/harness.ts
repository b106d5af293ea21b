/**
 * MMLU as lm-evaluation-harness 0.4.13 asks it: letters (`mmlu_*`), the texts of choices
 * (`mmlu_*_continuation`), and letters that the model writes (`mmlu_*_generative`).
 */
import { exactMatch, findFilter } from "../../filters.js";
import { choiceAccuracies } from "../../metrics.js";
import { promptsOf } from "../../prompt.js";
import { strip } from "../../python/index.js";
import type { ChoiceTask, GenerationTask, Group, Shots, Task, TaskSet } from "../../types.js";
import {
  LETTERS,
  type LetteredQuestion,
  letterChoice,
  letteredLines,
  type TaskIdentity,
} from "../choices.js";
import { readSplit } from "./split.js";
import { harnessCategories } from "./subjects.js";

export function harnessTasks(): TaskSet {
  const subjects = Object.entries(harnessCategories).flatMap(([category, names]) =>
    names.map((subject) => ({ subject, category })),
  );
  const ofForm = (form: (subject: string, category: string) => Task) =>
    subjects.map(({ subject, category }) => form(subject, category));
  return {
    tasks: [letterTask, continuationTask, generativeTask].flatMap(ofForm),
    groups: [
      whole,
      ...Object.entries(harnessCategories).flatMap(categoryGroups),
      ...formGroups("continuation", 2, "acc,none"),
      ...formGroups("generative", 3, "exact_match,get_response"),
    ],
  };
}

function identity(subject: string, category: string): TaskIdentity<LetteredQuestion> {
  return {
    name: `mmlu_${subject}`,
    protocol: "lm-eval",
    version: 1,
    benchmark: "mmlu",
    category,
    subject: inWords(subject),
    docs: (files) => readSplit(files, "test", subject),
  };
}

const inWords = (subject: string) => subject.replaceAll("_", " ");

const examples = (subject: string): Shots<LetteredQuestion> => ({
  count: 0,
  draw: "first",
  docs: (files) => readSplit(files, "dev", subject),
});

const delimiters = { answer: " ", shot: "\n\n" };

/** The prompt in which answers are letters. */
function letterPrompt(subject: string): ChoiceTask<LetteredQuestion>["prompt"] {
  const question = (doc: LetteredQuestion) =>
    `${strip(doc.question)}\n${letteredLines(doc.choices)}\nAnswer:`;
  const description = `The following are multiple choice questions (with answers) about ${inWords(subject)}.\n\n`;
  return promptsOf(description, question);
}

function letterTask(subject: string, category: string): ChoiceTask<LetteredQuestion> {
  return {
    ...identity(subject, category),
    shots: examples(subject),
    prompt: letterPrompt(subject),
    ...letterChoice<LetteredQuestion>(["acc"]),
  };
}

function continuationTask(subject: string, category: string): ChoiceTask<LetteredQuestion> {
  const question = (doc: LetteredQuestion) => `Question: ${strip(doc.question)}\nAnswer:`;
  const right = ({ answer }: LetteredQuestion) => LETTERS.indexOf(answer);
  return {
    ...identity(subject, category),
    name: `mmlu_${subject}_continuation`,
    kind: "loglikelihood",
    shots: examples(subject),
    prompt: (doc, shots) => ({
      description: `The following are questions (with answers) about ${inWords(subject)}.\n\n`,
      shots: shots.map((shot) => ({
        question: question(shot),
        answer: shot.choices[right(shot)]!,
      })),
      question: question(doc),
      delimiters,
    }),
    choices: ({ choices }) => choices,
    target: right,
    metrics: ["acc", "acc_norm"],
    score: (doc, answers) => ({ ...choiceAccuracies(answers, doc.choices, right(doc)) }),
  };
}

function generativeTask(subject: string, category: string): GenerationTask<LetteredQuestion> {
  const until = ["</s>", "\n"];
  return {
    ...identity(subject, category),
    name: `mmlu_${subject}_generative`,
    version: 3,
    kind: "generation",
    shots: examples(subject),
    prompt: letterPrompt(subject),
    until,
    maxNewTokens: 256,
    generationArguments: { until },
    filters: [findFilter("get_response", (answer) => strip(answer.split("\n")[0]!))],
    metrics: ["exact_match"],
    target: ({ answer }) => answer,
    score: ({ answer }, [given = ""]) => ({
      exact_match: exactMatch(given, answer, { ignoreCase: true, ignorePunctuation: true }),
    }),
  };
}

const whole: Group = {
  name: "mmlu",
  members: Object.keys(harnessCategories).map((category) => `mmlu_${category}`),
  version: 2,
  average: "micro",
  metrics: ["acc,none"],
};

/** A category, and the tag by which the harness knows its tasks. */
function categoryGroups([category, subjects]: [string, readonly string[]]): Group[] {
  const members = subjects.map((subject) => `mmlu_${subject}`);
  const group: Group = {
    name: `mmlu_${category}`,
    alias: category.replaceAll("_", " "),
    members,
    version: 2,
    average: "micro",
    metrics: ["acc,none"],
  };
  return [group, { ...group, name: `mmlu_${category}_tasks`, isTag: true }];
}

/** The groups of another form; its categories are called as the harness calls them inside of it. */
function formGroups(form: string, version: number, metric: string): Group[] {
  const name = `mmlu_${form}`;
  const common = { version, average: "micro", metrics: [metric] } as const;
  const categories = Object.entries(harnessCategories).map(
    ([category, subjects]): Group => ({
      name: `${name}::${inWords(category)}`,
      alias: inWords(category),
      members: subjects.map((subject) => `mmlu_${subject}_${form}`),
      ...common,
    }),
  );
  const members = categories.map((category) => category.name);
  return [{ name, alias: `mmlu (${form})`, members, ...common }, ...categories];
}
