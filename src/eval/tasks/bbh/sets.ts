/** The 27 sets of BIG-Bench Hard. */
import { DataError } from "../../../util/errors.js";
import type { BenchmarkFiles, GenerationTask, Prompt } from "../../types.js";
import { type TextRecord, textRecords } from "../records.js";

/** A question with its answer. */
export type Question = TextRecord<"input" | "target">;

/** The sets in alphabetical order, each with its category in the paper (table 2): natural language or algorithmic. */
const categories = {
  boolean_expressions: "algorithmic",
  causal_judgement: "nlp",
  date_understanding: "nlp",
  disambiguation_qa: "nlp",
  dyck_languages: "algorithmic",
  formal_fallacies: "nlp",
  geometric_shapes: "algorithmic",
  hyperbaton: "nlp",
  logical_deduction_five_objects: "algorithmic",
  logical_deduction_seven_objects: "algorithmic",
  logical_deduction_three_objects: "algorithmic",
  movie_recommendation: "nlp",
  multistep_arithmetic_two: "algorithmic",
  navigate: "algorithmic",
  object_counting: "algorithmic",
  penguins_in_a_table: "nlp",
  reasoning_about_colored_objects: "nlp",
  ruin_names: "nlp",
  salient_translation_error_detection: "nlp",
  snarks: "nlp",
  sports_understanding: "nlp",
  temporal_sequences: "algorithmic",
  tracking_shuffled_objects_five_objects: "algorithmic",
  tracking_shuffled_objects_seven_objects: "algorithmic",
  tracking_shuffled_objects_three_objects: "algorithmic",
  web_of_lies: "algorithmic",
  word_sorting: "algorithmic",
} as const;

export type SetName = keyof typeof categories;
export const setNames = Object.keys(categories) as SetName[];

export function categoryOf(set: SetName): "nlp" | "algorithmic" {
  return categories[set];
}

/** How a set is named in reports. */
export function reportNames(set: SetName) {
  return {
    benchmark: "bbh",
    category: categoryOf(set),
    subject: set.replaceAll("_", " "),
  } as const;
}

export async function readQuestions(files: BenchmarkFiles, set: SetName): Promise<Question[]> {
  const path = `bbh/${set}.json`;
  const { examples } = ((await files.json(path)) ?? {}) as { examples?: unknown };
  return textRecords(examples, ["input", "target"], `${files.folder}/${path}`);
}

/** A set's published prompt in its parts. */
export interface FixedPrompt {
  /** What the set is about. */
  description: string;
  /** Examples with the answer worked out, as published: `Let's think step by step.`, then the steps. */
  shots: readonly Question[];
}

/** Line after which a published prompt begins; above it stands a warning to those who gather texts. */
const border = "-----\n";

/** @throws DataError where the file has another form */
export async function readPrompt(files: BenchmarkFiles, set: SetName): Promise<FixedPrompt> {
  const path = `cot-prompts/${set}.txt`;
  const text = await files.text(path);
  const start = text.indexOf(border);
  const [description, ...examples] = text.slice(start + border.length).split("\n\nQ: ");
  const shots = examples.map((example): Question => {
    const at = example.indexOf("\nA: ");
    return { input: example.slice(0, at), target: example.slice(at + "\nA: ".length) };
  });
  if (start < 0 || shots.length === 0 || shots.some(({ target }) => !steps.test(target))) {
    throw new DataError(`${files.folder}/${path} is not a prompt of BIG-Bench Hard`, {
      why: `it needs a line ----- and, after it, examples with "Q: " and "A: Let's think step by step."`,
      todo: "get the file anew from its publisher",
    });
  }
  return { description: description!, shots };
}

/** Of sports_understanding a space stands before the steps, of all others a line break. */
const steps = /^Let's think step by step\.[ \n]/;

/** The parts of a task that shows the published prompt, examples with their steps. @param before its description */
export function publishedPrompt(
  set: SetName,
  before = "",
): Pick<GenerationTask<Question>, "docs" | "description" | "shots"> {
  return {
    docs: (files) => readQuestions(files, set),
    description: async (files) => `${before}${(await readPrompt(files, set)).description}\n\n`,
    shots: {
      count: 3,
      most: 3,
      draw: "first",
      docs: async (files) => (await readPrompt(files, set)).shots,
    },
  };
}

/** A question after published examples, up to where the answer begins. */
export function afterPublished(doc: Question, shots: readonly Question[]): Prompt {
  return {
    description: "",
    shots: shots.map(({ input, target }) => ({ question: `Q: ${input}\nA:`, answer: target })),
    question: `Q: ${doc.input}\nA:`,
    delimiters: { answer: " ", shot: "\n\n" },
  };
}

/** The steps of a published answer, without the words that call for them. */
export function stepsOf(target: string): string {
  return target.replace(steps, "");
}

/** What a published answer comes to. */
export function conclusionOf(target: string): string {
  return [...target.matchAll(/the answer is ([^\n]*)\./g)].at(-1)?.[1] ?? "";
}
