/** Answers from generated text, by AGIEval's own rules (its `src/post_process.py`). */
import { strip } from "../../python/index.js";
import { type QuestionSet, questionSet } from "./sets.js";

/** How a question was asked. */
export type AgievalSetting = "zero-shot" | "few-shot" | "zero-shot-CoT" | "few-shot-CoT";

/** One letter, empty where there is none; letters; or a result, null where there is none. */
export type AgievalAnswer = string | readonly string[] | null;

/**
 * The answer in what a model wrote.
 *
 * @param dataset the publishers' name of the set, such as `aqua-rat`
 * @throws RangeError for a set that AGIEval does not have
 */
export function agievalPostProcess(
  dataset: string,
  setting: AgievalSetting,
  prediction: string,
): AgievalAnswer {
  const { answers, language } = questionSet(dataset);
  const text = setting === "few-shot-CoT" ? lastLine(prediction) : prediction;
  if (answers === "result") return resultIn(text, setting);
  if (answers === "letters") return text.match(/[A-F]/g) ?? [];
  const stated = setting.startsWith("few-shot") ? statedLetter(text, language) : undefined;
  return stated ?? /[A-F]/.exec(prediction)?.[0] ?? "";
}

/** The letter after `answer is`. */
function statedLetter(text: string, language: QuestionSet["language"]): string | undefined {
  const pattern = language === "en" ? /answer is [^\n]*?([A-G])/ : /答案是[^\n]*?([A-G])/;
  return pattern.exec(text)?.[1];
}

/** The last line that is not empty. */
function lastLine(text: string): string {
  return text.split("\n").findLast((line) => strip(line) !== "") ?? text;
}

function resultIn(text: string, setting: AgievalSetting): string | null {
  const result = afterPrefixes(text);
  return setting.startsWith("few-shot") ? result : mathematicalAnswer(result);
}

/** What follows the words that examples begin their answers with. */
function afterPrefixes(text: string): string {
  let result = text;
  for (const prefix of ["The answer is therefore", "答案是"]) {
    const at = result.startsWith(prefix) ? 0 : result.lastIndexOf(prefix);
    if (at >= 0) result = strip(result.slice(at + prefix.length));
  }
  return result;
}

/**
 * The result in a solution: what is boxed last, else between dollars, else after the last `=`, else the
 * last number. Of an equation, its right side.
 */
export function mathematicalAnswer(text: string): string | null {
  if (text.includes("\\boxed")) return boxedAnswer(text);
  // As in Python's regular expressions, where only a line feed ends a line.
  const between = [...text.matchAll(/\$([^\n]*)\$/g)].at(-1)?.[1];
  return between ? rightSide(between) || answerWithoutDollars(text) : answerWithoutDollars(text);
}

function rightSide(text: string): string {
  return text.includes("=") ? text.slice(text.lastIndexOf("=") + 1).replace(/^ +/, "") : text;
}

function boxedAnswer(text: string): string | null {
  const start = text.lastIndexOf("\\boxed");
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] !== "}") continue;
    depth--;
    if (depth !== 0) continue;
    const box = text.slice(start, at + 1);
    return box.startsWith("\\boxed{") ? rightSide(box.slice("\\boxed{".length, -1)) : null;
  }
  return null;
}

function answerWithoutDollars(text: string): string | null {
  if (text.includes("=")) return rightSide(text).replace(/\.+$/, "").split("\\n")[0]!;
  const numbers = text.matchAll(/\$?\p{Nd}+(?:\.\p{Nd}+)?(?![\p{L}\p{N}_])/gu);
  return [...numbers].at(-1)?.[0] ?? null;
}
