/** Evaluations made by hand, for tests of what is done with them. */
import { createHash } from "node:crypto";
import type { Evaluation } from "./evaluate.js";
import { type Estimate, meanEstimate } from "./metrics.js";
import { resultsOf } from "./results.js";
import type { TaskOutcome } from "./runTask.js";
import type { Sample } from "./samples.js";
import { letterChoice } from "./tasks/choices.js";
import type { ChoiceTask, Group } from "./types.js";

const letters = ["A", "B", "C", "D"];
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** A task whose question `i` was answered by `answers[i]` where `gold[i]` is right; both hold letters. */
export interface MadeTask {
  name: string;
  category?: string;
  gold: string;
  answers: string;
  notes?: readonly string[];
  /** How sure the model is: log-likelihood of what it does not choose. */
  others?: number;
  /** Text of question `i`. */
  question?(i: number): string;
}

/** An evaluation of multiple-choice tasks. */
export function madeEvaluation(
  tasks: readonly MadeTask[],
  groups: readonly Group[] = [],
): Evaluation {
  const outcomes = tasks.map(outcomeOf);
  return {
    ...resultsOf(outcomes, groups, "lm-eval"),
    samples: Object.fromEntries(outcomes.map(({ task, samples }) => [task.name, samples])),
  };
}

function outcomeOf(made: MadeTask): TaskOutcome {
  const task: ChoiceTask<{ question: string; choices: string[]; answer: string }> = {
    ...letterChoice(["acc"]),
    name: made.name,
    protocol: "lm-eval",
    version: 1,
    benchmark: "quiz",
    ...(made.category === undefined ? {} : { category: made.category }),
    subject: made.name.replaceAll("_", " "),
    docs: async () => [],
    prompt: () => ({
      description: "",
      shots: [],
      question: "",
      delimiters: { answer: " ", shot: "\n\n" },
    }),
  };
  const samples = [...made.gold].map((gold, i) => sampleOf(made, gold, i));
  const estimates: Record<string, Estimate> = {
    "acc,none": meanEstimate(samples.map(({ acc }) => Number(acc))),
  };
  return {
    task: task as ChoiceTask,
    estimates,
    samples,
    size: samples.length,
    available: samples.length,
    numFewshot: 0,
    notes: made.notes ?? [],
  };
}

function sampleOf(
  { name, answers, others = -2, question }: MadeTask,
  gold: string,
  i: number,
): Sample {
  const text = question?.(i) ?? `Question ${i} of ${name}?`;
  const context = `A quiz.\n\n${text}\nA. one\nB. two\nC. three\nD. four\nAnswer:`;
  const pairs = letters.map((letter) => [letter === answers[i] ? -0.5 : others, false]);
  const target = letters.indexOf(gold);
  return {
    doc_id: i,
    doc: { question: text, choices: ["one", "two", "three", "four"], answer: gold },
    target,
    arguments: letters.map((letter) => [context, ` ${letter}`]),
    resps: pairs.map((pair) => [pair]),
    filtered_resps: pairs,
    filter: "none",
    metrics: ["acc"],
    prompt_hash: sha256(context),
    target_hash: sha256(JSON.stringify(target)),
    acc: answers[i] === gold ? 1 : 0,
  };
}
