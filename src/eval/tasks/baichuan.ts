/**
 * The setting of the numbers that Baichuan published for AGIEval and GAOKAO: questions with one right letter
 * of four, after five examples, answered by the likeliest letter as its script for C-Eval does
 * (https://github.com/baichuan-inc/Baichuan-7B, `evaluation/evaluate_zh.py`).
 */
import { pythonRandom } from "../python/index.js";
import type { BenchmarkFiles, ChoiceTask } from "../types.js";
import { LETTERS, letterChoice } from "./choices.js";

/** A question with its options in its text. */
export interface FourChoiceQuestion {
  text: string;
  answer: string;
}

/** Baichuan's seed for the order of examples. */
const SEED = 123;
const EXAMPLES = 5;

const notes = [
  `Baichuan split the questions at random and did not publish how: here ${EXAMPLES} of each set, drawn by seed ${SEED}, are examples and are not asked`,
  "questions without one right letter of four are left out",
  "how Baichuan put the questions of this benchmark into words is known for C-Eval only: its form is used here, without a first line",
];

/** @param read the questions; those without one right letter of four are left out */
export function baichuanTask(
  facts: Pick<ChoiceTask, "name" | "benchmark"> & { category?: string; subject: string },
  read: (files: BenchmarkFiles) => Promise<readonly FourChoiceQuestion[]>,
): ChoiceTask<LetteredText> {
  return {
    ...facts,
    protocol: "official",
    version: "Baichuan",
    notes,
    docs: async (files) => (await split(read, files)).asked,
    shots: {
      count: EXAMPLES,
      draw: "first",
      docs: async (files) => (await split(read, files)).examples,
    },
    prompt: (doc, shots) => ({
      // Each example begins with a line feed.
      description: shots.length > 0 ? "\n" : "",
      shots: shots.map((shot) => ({ question: questionOf(shot), answer: shot.answer })),
      question: questionOf(doc),
      delimiters: { answer: "", shot: "\n" },
    }),
    ...letterChoice<LetteredText>(["acc"]),
  };
}

interface LetteredText {
  question: string;
  /** The letters: the options stand in the question. */
  choices: readonly string[];
  answer: string;
}

const questionOf = ({ question }: LetteredText) => `${question}\n答案：`;

async function split(
  read: (files: BenchmarkFiles) => Promise<readonly FourChoiceQuestion[]>,
  files: BenchmarkFiles,
): Promise<{ examples: LetteredText[]; asked: LetteredText[] }> {
  const choices = LETTERS.slice(0, 4);
  const docs = (await read(files))
    .filter(({ answer }) => choices.includes(answer))
    .map(({ text, answer }): LetteredText => ({ question: text, choices, answer }));
  const places = docs.map((_, i) => i);
  const drawn = pythonRandom(SEED).sample(places, Math.min(EXAMPLES, docs.length));
  return {
    examples: drawn.map((place) => docs[place]!),
    asked: docs.filter((_, place) => !drawn.includes(place)),
  };
}
