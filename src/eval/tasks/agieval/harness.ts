/** AGIEval as lm-evaluation-harness asks it: zero-shot prompts, answered by the likeliest option. */
import { choiceAccuracies } from "../../metrics.js";
import type { ChoiceTask, GenerationTask, Group, Prompt, Shots, Task } from "../../types.js";
import { LETTERS } from "../choices.js";
import { isEquivalent } from "./equivalence.js";
import { mathematicalAnswer } from "./postProcess.js";
import { zeroShotQuestion } from "./prompts.js";
import { type AgievalRow, readQuestions } from "./rows.js";
import { type QuestionSet, questionSets, taskName } from "./sets.js";

/** A row as lm-evaluation-harness's data sets have it. */
interface ChoiceDoc {
  query: string;
  /** With their letters. */
  choices: readonly string[];
  /** Places of the right ones; one question has none. */
  gold: readonly number[];
}

interface ResultDoc {
  query: string;
  answer: string;
}

const UNTIL = ["Q:"];
const MAX_NEW_TOKENS = 32;

/** What the copies of the data cannot tell, or tell otherwise. */
function notesOf({ name }: QuestionSet): string[] {
  const notes = [
    "the prompts are built from the publishers' files: lm-evaluation-harness reads copies on the hub, whose rows may be others or in another order",
  ];
  if (name === "jec-qa-ca") {
    notes.push("a question whose label is no letter is left out: the copy on the hub has 999 too");
  }
  if (name === "gaokao-mathqa") {
    notes.push("of seven questions with several right letters, each counts as right");
  }
  return notes;
}

const shots: Shots<never> = { count: 0, draw: "random" };

/** Targets that are lists of places are no texts to it. */
const errorNote =
  "lm-evaluation-harness 0.4.13 ends with an error where examples are asked for: there is nothing to compare these scores with";

export function harnessTask(set: QuestionSet): Task {
  return set.answers === "result" ? resultTask(set) : choiceTask(set);
}

function common(set: QuestionSet) {
  const { subject, language } = set;
  return {
    name: taskName(set),
    protocol: "lm-eval" as const,
    version: 1,
    benchmark: "agieval",
    category: language === "en" ? "English" : "Chinese",
    subject,
    notes: notesOf(set),
    shots,
  };
}

function promptOf<Doc extends { query: string }>(
  doc: Doc,
  examples: readonly Doc[],
  answerOf: (doc: Doc) => string,
): Prompt {
  return {
    description: "",
    shots: examples.map((shot) => ({ question: shot.query, answer: answerOf(shot) })),
    question: doc.query,
    delimiters: { answer: " ", shot: "\n\n" },
  };
}

function choiceTask(set: QuestionSet): ChoiceTask<ChoiceDoc> {
  return {
    kind: "loglikelihood",
    ...common(set),
    shots: { ...shots, note: () => errorNote },
    docs: async (files) =>
      (await readQuestions(files, set)).flatMap((row): ChoiceDoc[] => {
        const gold = placesOf(row.answer);
        return gold ? [{ query: zeroShotQuestion(row, set), choices: row.options, gold }] : [];
      }),
    prompt: (doc, examples) =>
      promptOf(doc, examples, ({ choices, gold }) => choices[gold[0] ?? -1] ?? ""),
    target: ({ gold }) => gold,
    choices: ({ choices }) => choices,
    metrics: ["acc", "acc_norm"],
    score: ({ choices, gold }, answers) => choiceAccuracies(answers, choices, gold),
  };
}

/** `AD` and `A D` are two letters. Undefined where something else is among them. */
function placesOf(answer: AgievalRow["answer"]): number[] | undefined {
  const letters = [...[answer ?? []].flat().join("").replaceAll(" ", "")];
  const places = letters.map((letter) => LETTERS.indexOf(letter));
  return places.includes(-1) ? undefined : places;
}

function resultTask(set: QuestionSet): GenerationTask<ResultDoc> {
  return {
    kind: "generation",
    ...common(set),
    docs: async (files) =>
      (await readQuestions(files, set)).map((row) => ({
        query: zeroShotQuestion(row, set),
        answer: [row.answer ?? ""].flat().join(),
      })),
    prompt: (doc, examples) => promptOf(doc, examples, ({ answer }) => answer),
    target: ({ answer }) => answer,
    until: UNTIL,
    maxNewTokens: MAX_NEW_TOKENS,
    generationArguments: {
      max_gen_toks: MAX_NEW_TOKENS,
      do_sample: false,
      temperature: 0,
      until: UNTIL,
    },
    filters: [{ name: "none", apply: (answers) => [...answers] }],
    metrics: ["acc"],
    // The right answer is taken apart like the given one, which changes some of them.
    score: ({ answer }, [given = ""]) => ({
      acc: isEquivalent(mathematicalAnswer(given), mathematicalAnswer(answer)) ? 1 : 0,
    }),
  };
}

/** Eight sets that are often given as one number, by `acc_norm`. */
const nous = [
  "aqua-rat",
  "logiqa-en",
  "lsat-ar",
  "lsat-lr",
  "lsat-rc",
  "sat-en-without-passage",
  "sat-en",
  "sat-math",
];

export function harnessGroups(): Group[] {
  const group = (
    name: string,
    includes: (set: QuestionSet) => boolean,
    metric = "acc,none",
  ): Group => ({
    name,
    members: questionSets.filter(includes).map((set) => taskName(set)),
    version: 0,
    average: "micro",
    metrics: [metric],
  });
  return [
    group("agieval", () => true),
    group("agieval_cn", ({ language }) => language === "zh"),
    group("agieval_en", ({ language }) => language === "en"),
    group("agieval_nous", ({ name }) => nous.includes(name), "acc_norm,none"),
  ];
}
