/**
 * CMMLU as its own code asks it (src/mp_utils.py): three forms.
 *
 * - `cmmlu_*`: the likeliest letter directly after 答案是：, 5 examples. That code compares the logits of
 *   `tokenizer.convert_tokens_to_ids("A")`, the token that is the letter and nothing else. Here the letter
 *   is the continuation of the prompt, with no space before it, which is that token wherever a tokenizer
 *   does not join it to the colon.
 * - `cmmlu-gen_*`: the same question put to a chat model, its answer found by {@link findChoice}.
 * - `cmmlu-cot_*`: the same with analysis asked for.
 *
 * The average is over subjects.
 */
import { findFilter, INVALID } from "../../filters.js";
import type {
  BenchmarkFiles,
  ChoiceTask,
  GenerationTask,
  Prompt,
  Room,
  Shots,
  Task,
  TaskSet,
} from "../../types.js";
import { macroGroups } from "../categoryGroups.js";
import {
  type LetteredQuestion,
  letterChoice,
  letteredLines,
  type TaskIdentity,
} from "../choices.js";
import { drawnLetter } from "../drawnLetter.js";
import { asPandas } from "../pandas.js";
import { findChoice } from "./extractChoice.js";
import { readSplit } from "./split.js";
import { categories, chinaSpecific } from "./subjects.js";

const forms = { "": letterTask, "-gen": directTask, "-cot": analysisTask };

export function officialTasks(): TaskSet {
  const sets = Object.entries(forms).map(([suffix, form]) => formSet(`cmmlu${suffix}`, form));
  return {
    tasks: sets.flatMap(({ tasks }) => tasks),
    groups: sets.flatMap(({ groups }) => groups),
  };
}

/** What all forms of a subject have. */
interface Exam {
  /** In Chinese. */
  subject: string;
  common: TaskIdentity<LetteredQuestion>;
  examples(count: number): Shots<LetteredQuestion>;
}

function formSet(group: string, form: (exam: Exam) => Task): TaskSet {
  const tasks = Object.entries(categories).flatMap(([category, subjects]) =>
    Object.entries(subjects).map(([name, subject]) => form(examOf(group, category, name, subject))),
  );
  const subjects = Object.entries(categories).map(([category, names]) => [
    category,
    Object.keys(names),
  ]);
  const groups = { ...Object.fromEntries(subjects), china_specific: chinaSpecific };
  return { tasks, groups: macroGroups(group, groups) };
}

function examOf(group: string, category: string, name: string, subject: string): Exam {
  const docs = (split: "dev" | "test") => async (files: BenchmarkFiles) =>
    (await readSplit(files, split, name)).map(asPandas);
  return {
    subject,
    common: {
      name: `${group}_${name}`,
      protocol: "official",
      version: 1,
      benchmark: "cmmlu",
      category,
      subject,
      docs: docs("test"),
    },
    examples: (count) => ({ count, draw: "first", docs: docs("dev") }),
  };
}

const questionText = ({ question, choices }: LetteredQuestion, request: string) =>
  `题目：${question}\n${letteredLines(choices)}\n${request}`;

const ANSWER = "答案是：";

/** Examples always end with the answer; `request` is what the question itself ends with. */
function promptOf(
  header: string,
  request: string,
  doc: LetteredQuestion,
  shots: readonly LetteredQuestion[],
): Prompt {
  return {
    description: header,
    shots: shots.map((shot) => ({ question: questionText(shot, ANSWER), answer: shot.answer })),
    question: questionText(doc, request),
    delimiters: { answer: "", shot: "\n\n" },
  };
}

/**
 * CMMLU's rule for prompts that are too long: the longest examples go, all of one length together, until
 * the others have room; where the question has none beside the header, it stands alone.
 */
async function fittingPrompt(
  header: string,
  request: string,
  doc: LetteredQuestion,
  shots: readonly LetteredQuestion[],
  room: Room,
): Promise<Prompt> {
  const around = (await room.count(header)) + (await room.count(questionText(doc, request)));
  if (around > room.tokens) return promptOf("", request, doc, []);
  let kept: { shot: LetteredQuestion; tokens: number }[] = [];
  for (const shot of shots) {
    const text = `${questionText(shot, ANSWER)}${shot.answer}\n\n`;
    kept.push({ shot, tokens: await room.count(text) });
  }
  const total = () => kept.reduce((sum, { tokens }) => sum + tokens, 0);
  while (kept.length > 0 && total() >= room.tokens - around) {
    const longest = Math.max(...kept.map(({ tokens }) => tokens));
    kept = kept.filter(({ tokens }) => tokens !== longest);
  }
  return promptOf(
    header,
    request,
    doc,
    kept.map(({ shot }) => shot),
  );
}

/** The parts of a task that make its prompts. */
function prompting(
  header: string,
  request: string,
  place: (prompt: Prompt) => Prompt = (prompt) => prompt,
): Pick<ChoiceTask<LetteredQuestion>, "prompt"> &
  Required<Pick<ChoiceTask<LetteredQuestion>, "fit">> {
  return {
    prompt: (doc, shots) => place(promptOf(header, request, doc, shots)),
    fit: async (doc, shots, room) => place(await fittingPrompt(header, request, doc, shots, room)),
  };
}

const directHeader = (subject: string) =>
  `以下是关于${subject}的单项选择题，请直接给出正确答案的选项。\n\n`;

const ROOM_NOTE =
  "the longest examples are left out where a prompt exceeds the context of this model; CMMLU's own code counts 2,048 tokens unless told otherwise";

function letterTask({ subject, common, examples }: Exam): ChoiceTask<LetteredQuestion> {
  return {
    ...common,
    notes: [ROOM_NOTE],
    shots: examples(5),
    ...prompting(directHeader(subject), ANSWER),
    ...letterChoice<LetteredQuestion>(["acc"]),
  };
}

function directTask({ subject, common, examples }: Exam): GenerationTask<LetteredQuestion> {
  return {
    ...common,
    ...prompting(directHeader(subject), ANSWER, inOneTurn),
    ...answering(examples),
  };
}

function analysisTask({ subject, common, examples }: Exam): GenerationTask<LetteredQuestion> {
  const header = `以下是关于${subject}的单项选择题，请分析并选出正确答案。\n\n`;
  const request = "逐步分析并给出答案选项。";
  return { ...common, ...prompting(header, request, inOneTurn), ...answering(examples) };
}

/** The header belongs to the first question, so that in a conversation the user says it. */
function inOneTurn(prompt: Prompt): Prompt {
  const { description, shots, question } = prompt;
  const [first, ...others] = shots;
  if (!first) return { ...prompt, description: "", question: description + question };
  return {
    ...prompt,
    description: "",
    shots: [{ ...first, question: description + first.question }, ...others],
  };
}

/** The reference reads answers without their line breaks. */
const extract = findFilter("extract", (answer) => findChoice(answer.replaceAll("\n", "")));

/** The parts of a task whose answers are generated. */
function answering(
  examples: Exam["examples"],
): Omit<GenerationTask<LetteredQuestion>, keyof TaskIdentity<LetteredQuestion> | "prompt" | "fit"> {
  const maxNewTokens = 512;
  return {
    kind: "generation",
    notes: [
      ROOM_NOTE,
      "an answer that names no choice counts as one drawn by a hash of the question; CMMLU's own code draws it anew at each run",
      "answers are the likeliest ones; CMMLU's own code leaves sampling to each model",
    ],
    shots: examples(0),
    until: [],
    maxNewTokens,
    generationArguments: { until: [], max_gen_toks: maxNewTokens, do_sample: false },
    filters: [extract],
    metrics: ["acc"],
    target: ({ answer }) => answer,
    score: ({ answer, question }, [given = INVALID]) => {
      const choice = given === INVALID ? drawnLetter(question) : given;
      return { acc: choice === answer ? 1 : 0 };
    },
  };
}
