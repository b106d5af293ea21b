/** MMLU as lm-evaluation-harness 0.4.13 asks it: `mmlu_*`. */
import { strip } from "../../python/index.js";
import type { ChoiceTask, Group, TaskSet } from "../../types.js";
import { type LetteredQuestion, letterChoice, letteredLines } from "../choices.js";
import { readSplit } from "./split.js";
import { harnessCategories } from "./subjects.js";

export function harnessTasks(): TaskSet {
  return {
    tasks: Object.entries(harnessCategories).flatMap(([category, subjects]) =>
      subjects.map((subject) => harnessTask(subject, category)),
    ),
    groups: [whole, ...Object.entries(harnessCategories).flatMap(categoryGroups)],
  };
}

function harnessTask(subject: string, category: string): ChoiceTask<LetteredQuestion> {
  const words = subject.replaceAll("_", " ");
  const question = (doc: LetteredQuestion) =>
    `${strip(doc.question)}\n${letteredLines(doc.choices)}\nAnswer:`;
  return {
    name: `mmlu_${subject}`,
    protocol: "lm-eval",
    version: 1,
    benchmark: "mmlu",
    category,
    subject: words,
    docs: (files) => readSplit(files, "test", subject),
    shots: { count: 0, draw: "first", docs: (files) => readSplit(files, "dev", subject) },
    prompt: (doc, shots) => ({
      description: `The following are multiple choice questions (with answers) about ${words}.\n\n`,
      shots: shots.map((shot) => ({ question: question(shot), answer: shot.answer })),
      question: question(doc),
      delimiters: { answer: " ", shot: "\n\n" },
    }),
    ...letterChoice<LetteredQuestion>(["acc"]),
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
