/** C-Eval as lm-evaluation-harness 0.4.13 asks it: `ceval-valid_*`; and its test split in the same way. */
import { promptsOf } from "../../prompt.js";
import { strip } from "../../python/index.js";
import type { ChoiceTask, Group, TaskSet } from "../../types.js";
import { letterChoice, letteredLines } from "../choices.js";
import { type CevalQuestion, readSplit } from "./split.js";
import { categories, splitNames } from "./subjects.js";

export function harnessTasks(): TaskSet {
  const splits = ["val", "test"] as const;
  return { tasks: splits.flatMap(splitTasks), groups: splits.map(splitGroup) };
}

function splitTasks(split: "val" | "test"): ChoiceTask<CevalQuestion>[] {
  return Object.entries(categories).flatMap(([category, subjects]) =>
    Object.entries(subjects).map(([subject, name]) => harnessTask(split, subject, name, category)),
  );
}

function harnessTask(
  split: "val" | "test",
  subject: string,
  name: string,
  category: string,
): ChoiceTask<CevalQuestion> {
  const question = (doc: CevalQuestion) =>
    `${strip(doc.question)}\n${letteredLines(doc.choices)}\n答案：`;
  return {
    name: `${splitNames[split]}_${subject}`,
    protocol: "lm-eval",
    version: 2,
    benchmark: "ceval",
    category,
    subject: name,
    ...(split === "test"
      ? { notes: ["lm-evaluation-harness has no task for the test split"] }
      : {}),
    docs: (files) => readSplit(files, split, subject),
    shots: { count: 0, draw: "first", docs: (files) => readSplit(files, "dev", subject) },
    prompt: promptsOf(`以下是中国关于${name}的单项选择题，请选出其中的正确答案。\n\n`, question),
    ...letterChoice<CevalQuestion>(["acc", "acc_norm"]),
  };
}

function splitGroup(split: "val" | "test"): Group {
  const name = splitNames[split];
  const subjects = Object.values(categories).flatMap(Object.keys);
  return {
    name,
    members: subjects.map((subject) => `${name}_${subject}`),
    version: 2,
    average: "micro",
  };
}
