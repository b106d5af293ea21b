/**
 * AGIEval as its publishers' code asks it: models write, and rules find the answer in what they wrote.
 * Without examples it is their zero-shot setting, with them their few-shot setting; tasks whose names end
 * in `_cot` ask for a chain of thought.
 */
import { none } from "../../filters.js";
import type { FollowUp, GenerationTask, Group, Prompt, Scores } from "../../types.js";
import { firstThatFit } from "../fitting.js";
import { isEquivalent } from "./equivalence.js";
import { type AgievalAnswer, type AgievalSetting, agievalPostProcess } from "./postProcess.js";
import { answerRequest, fewShotPrompt, thinkingQuestion, zeroShotQuestion } from "./prompts.js";
import { type AgievalRow, readExamples, readQuestions } from "./rows.js";
import { type QuestionSet, questionSets, taskName } from "./sets.js";

/** What ends an answer: the publishers' mark, or the next problem that a base model makes up. */
const UNTIL = ["<END>", "\n\nProblem ", "\n\n问题 "];

/** The publishers' limit for completions; an answer without a chain of thought is short. */
const MAX_NEW_TOKENS = { letter: 64, letters: 64, result: 256, thinking: 2000 };

const EXAMPLES_NOTE =
  "the publishers show as many of their examples as go into 2048 of GPT-4's tokens; here all are shown that the model has room for";
const STOP_NOTE = "an answer also ends where the model begins a next problem";
const ONCE_NOTE =
  "without examples the publishers' code can ask a second time for the bare answer: here only tasks with a chain of thought do";

export function officialTask(set: QuestionSet, thinking: boolean): GenerationTask<AgievalRow> {
  const prompt = (row: AgievalRow, shots: readonly AgievalRow[]) =>
    promptOf(row, shots, set, thinking);
  const maxNewTokens = thinking ? MAX_NEW_TOKENS.thinking : MAX_NEW_TOKENS[set.answers];
  return {
    kind: "generation",
    name: taskName(set, thinking ? "_cot" : ""),
    protocol: "official",
    version: "v1",
    benchmark: "agieval",
    category: set.language === "en" ? "English" : "Chinese",
    subject: set.subject,
    notes: [STOP_NOTE, ...(thinking ? [] : [ONCE_NOTE])],
    docs: (files) => readQuestions(files, set),
    shots: {
      count: 0,
      draw: "first",
      most: set.examples,
      docs: (files) => readExamples(files, set),
      note: () => EXAMPLES_NOTE,
    },
    prompt,
    fit: (row, shots, room) => firstThatFit(shots, room, (kept) => prompt(row, kept)),
    target: ({ answer }) => answer,
    until: UNTIL,
    maxNewTokens,
    generationArguments: { until: UNTIL, max_gen_toks: maxNewTokens, do_sample: false },
    ...(thinking ? { followUp: bareAnswer(set) } : {}),
    filters: [none],
    metrics: ["acc"],
    score: (row, [given = ""], { shots }): Scores => {
      const answer = agievalPostProcess(set.name, settingOf(shots.length, thinking), given);
      return { acc: isRight(answer, row, set) ? 1 : 0 };
    },
  };
}

function settingOf(numFewshot: number, thinking: boolean): AgievalSetting {
  const setting = numFewshot > 0 ? "few-shot" : "zero-shot";
  return thinking ? `${setting}-CoT` : setting;
}

function promptOf(
  row: AgievalRow,
  shots: readonly AgievalRow[],
  set: QuestionSet,
  thinking: boolean,
): Prompt {
  if (shots.length > 0) return fewShotPrompt(row, shots, set, thinking);
  const question = thinking ? thinkingQuestion(row, set) : zeroShotQuestion(row, set);
  return { description: "", shots: [], question, delimiters: { answer: "", shot: "\n\n" } };
}

/** Without examples a second question asks for the answer that the chain of thought has come to. */
function bareAnswer(set: QuestionSet): FollowUp {
  return {
    maxNewTokens: MAX_NEW_TOKENS[set.answers],
    prompt: (first, thoughts) =>
      first.shots.length > 0
        ? undefined
        : { ...first, question: `${first.question}\n${thoughts}\n${answerRequest(set)}` },
  };
}

/** Whether an answer is the publishers'; a question to which they give none is answered wrongly. */
function isRight(given: AgievalAnswer, { answer }: AgievalRow, { answers }: QuestionSet): boolean {
  if (answers === "result") return isEquivalent(given as string | null, answer as string | null);
  if (answers === "letter") return given === answer;
  const chosen = new Set(given as readonly string[]);
  const right = new Set([answer ?? []].flat());
  return (
    answer !== null && chosen.size === right.size && [...chosen].every((one) => right.has(one))
  );
}

/** Each set counts alike, as in the publishers' tables. */
export function officialGroups(): Group[] {
  const group = (name: string, ending: string, includes: (set: QuestionSet) => boolean): Group => ({
    name: name + ending,
    members: questionSets.filter(includes).map((set) => taskName(set, ending)),
    version: "v1",
    average: "macro",
  });
  return ["", "_cot"].flatMap((ending) => [
    group("agieval", ending, () => true),
    group("agieval_cn", ending, ({ language }) => language === "zh"),
    group("agieval_en", ending, ({ language }) => language === "en"),
  ]);
}
