/**
 * Prompts of AGIEval (Zhong et al., 2023, arXiv 2304.06364), as its publishers' `src/dataset_loader.py`
 * puts them.
 */
import type { Prompt } from "../../types.js";
import type { AgievalRow } from "./rows.js";
import type { Language, QuestionSet } from "./sets.js";

const OPTION_LETTERS = "ABCDEFG";

/** The letter of the last option; a set whose options stand in one text has as many as is usual. */
function lastLetter({ options }: AgievalRow, usual: number): string {
  return OPTION_LETTERS[(options.length === 1 ? usual : options.length) - 1] ?? "";
}

/** The question alone, with the words that ask for its answer. */
export function zeroShotQuestion(row: AgievalRow, { language, answers }: QuestionSet): string {
  const { passage, question } = row;
  const options = row.options.join(" ");
  if (answers === "result") {
    return language === "en"
      ? `${passage}Q: ${question}\nA: The answer is`
      : `${passage}问题：${question}\n答案：`;
  }
  return language === "en"
    ? `${passage}Q: ${question} Answer Choices: ${options}\nA: Among A through ${lastLetter(row, 5)}, the answer is`
    : `${passage}问题：${question} 选项：${options}\n答案：从A到${lastLetter(row, 4)}, 我们应选择`;
}

/** The question alone, with the words that ask for a chain of thought. */
export function thinkingQuestion(row: AgievalRow, { language, answers }: QuestionSet): string {
  const { passage, question } = row;
  const options = row.options.join(" ");
  if (answers === "result") {
    return language === "en"
      ? `${passage}Q: ${question}\nA: Let's think step by step.`
      : `${passage}问题：${question}\n答案：让我们逐步思考：`;
  }
  return language === "en"
    ? `${passage}Q: ${question} Answer Choices: ${options}\nLet's think step by step.`
    : `${passage}问题：${question} 选项：${options}\n从A到${lastLetter(row, 4)}, 我们应选择什么？让我们逐步思考：`;
}

/** What asks for the bare answer after a chain of thought. */
export function answerRequest({ language, answers }: QuestionSet): string {
  if (answers === "result") return language === "en" ? "Therefore, the answer is" : "因此，答案是";
  return language === "en"
    ? "Therefore, among A through E, the answer is"
    : "因此，从A到D, 我们应选择";
}

const header: Record<Language, string> = {
  en: "Here are the answers for the problems in the exam.\n",
  zh: "以下是考试中各个问题的答案。\n",
};

/** The question after numbered examples, with or without their explanations. */
export function fewShotPrompt(
  row: AgievalRow,
  shots: readonly AgievalRow[],
  set: QuestionSet,
  withExplanations: boolean,
): Prompt {
  return {
    description: header[set.language],
    shots: shots.map((shot, i) => ({
      question: numberedQuestion(shot, i + 1, set),
      answer:
        (withExplanations ? numberedExplanation(shot, i + 1, set) : "") + statedAnswer(shot, set),
    })),
    question: numberedQuestion(row, shots.length + 1, set),
    delimiters: { answer: "", shot: "\n\n" },
  };
}

function numberedQuestion(row: AgievalRow, number: number, set: QuestionSet): string {
  const { language, answers } = set;
  const begin = language === "en" ? `Problem ${number}.   ` : `问题 ${number}.   `;
  if (answers === "result") return `${begin}${row.question}\n`;
  const choose = language === "en" ? "Choose from the following options:" : "从以下选项中选择:";
  return `${begin}${row.passage} ${row.question}\n${choose}    ${row.options.join(" ")}\n`;
}

function numberedExplanation(
  { explanation = "" }: AgievalRow,
  number: number,
  { language }: QuestionSet,
): string {
  return language === "en"
    ? `Explanation for Problem ${number}:   ${explanation}\n`
    : `问题 ${number}的解析:   ${explanation}\n`;
}

/** Several letters stand as Python prints a list. */
function statedAnswer({ answer }: AgievalRow, { language }: QuestionSet): string {
  const text = Array.isArray(answer)
    ? `[${answer.map((letter) => `'${letter}'`).join(", ")}]`
    : (answer ?? "");
  return language === "en" ? `The answer is therefore ${text}` : `答案是 ${text}`;
}
