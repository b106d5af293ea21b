/**
 * C-Eval as its own code asks it (code/evaluator_series): three forms, each for both splits.
 *
 * - `ceval-valid_*`: the likeliest letter directly after 答案：, 5 examples. The LLaMA evaluator compares
 *   the logits of the tokens that its tokenizer gives for "A", "B", … alone. Here the letter is the
 *   continuation of the prompt, as in the examples, where no space stands before it. Both are the same
 *   token where a tokenizer encodes a letter alike in both places; one that puts a space before the first
 *   word of a text (SentencePiece with a dummy prefix) gives the evaluator "▁A", which never follows 答案：
 *   in the prompt. {@link LETTER_NOTE} says so.
 * - `ceval-valid-cot_*`: the reasoning of the examples' explanations, then the answer.
 * - `ceval-valid-gen_*`: what a chat model is asked, with its answer found by patterns.
 *
 * The average is over subjects, as on the benchmark's site.
 */

import { DataError } from "../../../util/errors.js";
import { findFilter } from "../../filters.js";
import { promptsOf } from "../../prompt.js";
import type {
  BenchmarkFiles,
  ChoiceTask,
  Filter,
  GenerationTask,
  Prompt,
  Shots,
  Task,
  TaskSet,
} from "../../types.js";
import { macroGroups } from "../categoryGroups.js";
import { letterChoice, letteredLines, type TaskIdentity } from "../choices.js";
import { asPandas } from "../pandas.js";
import {
  exactCevalAnswer,
  extractCevalAnswer,
  reasonedCevalAnswer,
  statedCevalAnswer,
  THINKING,
  THINKING_START,
} from "./extractAnswer.js";
import { type CevalQuestion, readSplit } from "./split.js";
import { categories, hardSubjects, splitNames } from "./subjects.js";

type Split = "val" | "test";

const forms = { "": letterTask, "-cot": reasoningTask, "-gen": chatTask };

export function officialTasks(): TaskSet {
  const sets = (["val", "test"] as const).flatMap((split) =>
    Object.entries(forms).map(([suffix, form]) => formSet(split, suffix, form)),
  );
  return {
    tasks: sets.flatMap(({ tasks }) => tasks),
    groups: sets.flatMap(({ groups }) => groups),
  };
}

/** One subject of one split. */
interface Exam {
  split: Split;
  subject: string;
  /** In Chinese. */
  name: string;
  common: TaskIdentity<CevalQuestion>;
}

function formSet(split: Split, suffix: string, form: (exam: Exam) => Task): TaskSet {
  const group = `${splitNames[split]}${suffix}`;
  const tasks = Object.entries(categories).flatMap(([category, subjects]) =>
    Object.entries(subjects).map(([subject, name]) =>
      form({
        split,
        subject,
        name,
        common: {
          name: `${group}_${subject}`,
          protocol: "official",
          version: 1,
          benchmark: "ceval",
          category,
          subject: name,
          docs: async (files) => (await readSplit(files, split, subject)).map(asPandas),
        },
      }),
    ),
  );
  const subjects = Object.entries(categories).map(([category, names]) => [
    category,
    Object.keys(names),
  ]);
  return {
    tasks,
    groups: macroGroups(group, { ...Object.fromEntries(subjects), hard: hardSubjects }),
  };
}

const header = (name: string) =>
  `以下是中国关于${name}考试的单项选择题，请选出其中的正确答案。\n\n`;

const questionText = ({ question, choices }: CevalQuestion) =>
  `${question}\n${letteredLines(choices)}\n答案：`;

/** Examples come from dev, the first ones. */
function examples(subject: string, count: number): Shots<CevalQuestion> {
  const docs = async (files: BenchmarkFiles) =>
    (await readSplit(files, "dev", subject)).map(asPandas);
  return { count, draw: "first", docs };
}

const LETTER_NOTE =
  "letters are scored as the text that follows 答案：; C-Eval's code for LLaMA looks up the token of a letter alone, which with some tokenizers is another one (with a space)";

function letterTask({ subject, name, common }: Exam): ChoiceTask<CevalQuestion> {
  return {
    ...common,
    notes: [LETTER_NOTE],
    shots: examples(subject, 5),
    prompt: promptsOf(header(name), questionText, { answer: "", shot: "\n\n" }),
    ...letterChoice<CevalQuestion>(["acc"]),
  };
}

/** What both kinds of generated answers have. */
function generated(
  until: readonly string[],
  filters: readonly Filter[],
): Omit<
  GenerationTask<CevalQuestion>,
  keyof TaskIdentity<CevalQuestion> | "notes" | "shots" | "prompt"
> {
  const maxNewTokens = 512;
  return {
    kind: "generation",
    until,
    maxNewTokens,
    generationArguments: { until, max_gen_toks: maxNewTokens, do_sample: false },
    filters,
    metrics: ["acc"],
    target: ({ answer }) => answer,
    score: ({ answer }, [given]) => ({ acc: given === answer ? 1 : 0 }),
  };
}

const GREEDY_NOTE =
  "answers are the likeliest ones, as C-Eval's code asks ChatGPT for; it samples from LLaMA with temperature 0.8";

/**
 * Filters: `extract` finds the answer as the LLaMA evaluator does, `stated` as the one for ChatGPT.
 */
function reasoningTask({ subject, name, common }: Exam): GenerationTask<CevalQuestion> {
  return {
    ...common,
    notes: [GREEDY_NOTE],
    shots: examples(subject, 5),
    prompt: (doc, shots) => ({
      description: header(name),
      shots: shots.map((shot) => ({
        question: questionText(shot),
        answer: `${THINKING}，\n${explanationOf(shot, subject)}\n所以答案是${shot.answer}。`,
      })),
      question: questionText(doc) + THINKING_START,
      delimiters: { answer: "", shot: "\n\n" },
    }),
    ...generated(
      [THINKING],
      [findFilter("extract", reasonedCevalAnswer), findFilter("stated", statedCevalAnswer)],
    ),
    // The LLaMA evaluator takes the text of the right choice for its letter.
    score: ({ answer, choices }, [given]) => ({
      acc: given === answer || given === choices["ABCD".indexOf(answer)] ? 1 : 0,
    }),
  };
}

function explanationOf({ id, explanation }: CevalQuestion, subject: string): string {
  if (explanation) return explanation;
  throw new DataError(`dev/${subject}_dev.csv does not explain the answer to question ${id}`, {
    why: "examples of reasoning are made of explanations",
    todo: "get the file anew, or use --num-fewshot 0",
  });
}

/**
 * Filters: `extract` finds the answer as the evaluator for ChatGPT does where there are no examples,
 * `exact` as it does after examples.
 */
function chatTask({ subject, name, common }: Exam): GenerationTask<CevalQuestion> {
  return {
    ...common,
    notes: ["the prompt is a conversation's: use a chat template, with examples as turns"],
    shots: examples(subject, 0),
    prompt: (doc, shots): Prompt => {
      const [first, ...others] = [
        ...shots.map((shot) => ({ question: questionText(shot), answer: shot.answer })),
        { question: questionText(doc), answer: "" },
      ];
      const turns = [{ ...first!, question: header(name) + first!.question }, ...others];
      return {
        description: `你是一个中文人工智能助手，以下是中国关于${name}考试的单项选择题，请选出其中的正确答案。`,
        shots: turns.slice(0, -1),
        question: turns.at(-1)!.question,
        delimiters: { answer: "", shot: "\n\n" },
      };
    },
    ...generated(
      [],
      [findFilter("extract", extractCevalAnswer), findFilter("exact", exactCevalAnswer)],
    ),
  };
}
