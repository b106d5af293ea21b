/** CMMLU as lm-evaluation-harness 0.4.13 asks it: `cmmlu_*`. */
import { promptsOf } from "../../prompt.js";
import { strip } from "../../python/index.js";
import type { ChoiceTask, TaskSet } from "../../types.js";
import { type LetteredQuestion, letterChoice, letteredLines } from "../choices.js";
import { readSplit } from "./split.js";
import { categories } from "./subjects.js";

export function harnessTasks(): TaskSet {
  const tasks = Object.entries(categories).flatMap(([category, subjects]) =>
    Object.entries(subjects).map(([subject, name]) => harnessTask(subject, name, category)),
  );
  const members = tasks.map(({ name }) => name).sort();
  return { tasks, groups: [{ name: "cmmlu", members, version: 1, average: "micro" }] };
}

function harnessTask(
  subject: string,
  name: string,
  category: string,
): ChoiceTask<LetteredQuestion> {
  const question = (doc: LetteredQuestion) =>
    `${strip(doc.question)}\n${letteredLines(doc.choices)}\n答案：`;
  return {
    name: `cmmlu_${subject}`,
    protocol: "lm-eval",
    version: 1,
    benchmark: "cmmlu",
    category,
    subject: name,
    docs: (files) => readSplit(files, "test", subject),
    shots: { count: 0, draw: "first", docs: (files) => readSplit(files, "dev", subject) },
    prompt: promptsOf(`以下是关于${name}的单项选择题，请直接给出正确答案的选项。\n\n`, question),
    ...letterChoice<LetteredQuestion>(["acc", "acc_norm"]),
  };
}
