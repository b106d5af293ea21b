/**
 * MMLU as its own code asks it (evaluate.py of hendrycks/test): the subject stands after two spaces,
 * questions as they are, cells as pandas reads them, 5 examples.
 *
 * That code takes the most probable of " A", " B", " C", " D" as the next token. The same is asked here
 * as the continuation of the prompt, delimiter included, so that it is the letter that the examples show
 * after "Answer:", whatever a tokenizer makes of it.
 */
import { promptsOf } from "../../prompt.js";
import type { ChoiceTask, Group, TaskSet } from "../../types.js";
import { type LetteredQuestion, letterChoice, letteredLines } from "../choices.js";
import { firstThatFit } from "../fitting.js";
import { asPandas } from "../pandas.js";
import { readSplit } from "./split.js";
import { officialCategories } from "./subjects.js";

export function officialTasks(): TaskSet {
  return {
    tasks: Object.entries(officialCategories).flatMap(([category, subjects]) =>
      subjects.map((subject) => officialTask(subject, category)),
    ),
    groups: officialGroups(),
  };
}

function officialTask(subject: string, category: string): ChoiceTask<LetteredQuestion> {
  const words = subject.replaceAll("_", " ");
  const question = (doc: LetteredQuestion) =>
    `${doc.question}\n${letteredLines(doc.choices)}\nAnswer:`;
  const description = `The following are multiple choice questions (with answers) about  ${words}.\n\n`;
  const prompt = promptsOf(description, question);
  return {
    name: `mmlu_${subject}`,
    protocol: "official",
    version: 1,
    benchmark: "mmlu",
    category,
    subject: words,
    notes: [
      "examples are left out where a prompt exceeds the context of this model; MMLU's own code counts 2,048 tokens of GPT-2",
      "MMLU's own code gives a letter that its API does not list among the first 100 tokens a log-probability of -100; here each has its own",
    ],
    docs: async (files) => (await readSplit(files, "test", subject)).map(asPandas),
    shots: {
      count: 5,
      draw: "first",
      docs: async (files) => (await readSplit(files, "dev", subject)).map(asPandas),
    },
    prompt,
    fit: (doc, shots, room) => firstThatFit(shots, room, (kept) => prompt(doc, kept)),
    ...letterChoice<LetteredQuestion>(["acc"]),
  };
}

function officialGroups(): Group[] {
  const common = { version: 1, average: "micro" } as const;
  const categories = Object.entries(officialCategories);
  return [
    { name: "mmlu", members: categories.map(([category]) => `mmlu_${category}`), ...common },
    ...categories.map(
      ([category, subjects]): Group => ({
        name: `mmlu_${category}`,
        alias: category.replaceAll("_", " "),
        members: subjects.map((subject) => `mmlu_${subject}`),
        ...common,
      }),
    ),
  ];
}
