/** Answers in generated text, by the rules of C-Eval's own evaluators. */
import { pythonRegExp, strip } from "../../python/index.js";
import { LETTERS } from "../choices.js";

/** What the LLaMA evaluator makes reasoning begin with, up to where the model takes over. */
export const THINKING = "让我们一步一步思考";
export const THINKING_START = `${THINKING}，\n1.`;

const statements = [
  "^选([A-D])",
  "^选项([A-D])",
  "答案是\\s?选?项?\\s?([A-D])",
  "答案为\\s?选?项?\\s?([A-D])",
  "答案应为\\s?选?项?\\s?([A-D])",
  "答案选\\s?选?项?\\s?([A-D])",
  "答案是:\\s?选?项?\\s?([A-D])",
  "答案应该是:\\s?选?项?\\s?([A-D])",
  "正确的一项是\\s?([A-D])",
  "答案为:\\s?选?项?\\s?([A-D])",
  "答案应为:\\s?选?项?\\s?([A-D])",
  "答案:\\s?选?项?\\s?([A-D])",
  "答案是：\\s?选?项?\\s?([A-D])",
  "答案应该是：\\s?选?项?\\s?([A-D])",
  "答案为：\\s?选?项?\\s?([A-D])",
  "答案应为：\\s?选?项?\\s?([A-D])",
  "答案：\\s?选?项?\\s?([A-D])",
].map((source) => pythonRegExp(source, "g"));

/**
 * The letter in a chat model's answer to a question without examples: the first character, or the last
 * match of the first of 17 patterns that matches (`extract_ans` of the ChatGPT evaluator).
 *
 * @returns undefined where there is none
 */
export function extractCevalAnswer(response: string): string | undefined {
  const text = strip(response);
  if (/^[A-D]/.test(text)) return text[0];
  return lastOfFirst(statements, text);
}

/** The last match of the first pattern that matches. */
function lastOfFirst(patterns: readonly RegExp[], text: string): string | undefined {
  for (const pattern of patterns) {
    const last = [...text.matchAll(pattern)].at(-1);
    if (last) return last[1];
  }
  return undefined;
}

/**
 * The letter that an answer consists of, but for case, ASCII punctuation and white space (`exact_match` of
 * the evaluators): how answers after examples are judged.
 */
export function exactCevalAnswer(response: string): string | undefined {
  const bare = strip(response.toLowerCase().replace(/[!-/:-@[-`{-~]/g, ""));
  return LETTERS.slice(0, 4).find((letter) => letter.toLowerCase() === bare);
}

const conclusions = ["答案是(.+?)。", "答案为(.+?)。", "选项(.+?)是正确的。"].map((source) =>
  pythonRegExp(source, "g"),
);

/** The letter that reasoning concludes with, by the three patterns of the ChatGPT evaluator. */
export function statedCevalAnswer(response: string): string | undefined {
  const stated = lastOfFirst(conclusions, response);
  return stated === undefined ? undefined : exactCevalAnswer(stated);
}

const reasoned = [
  "答案是?\\s?([ABCD])",
  "答案是?\\s?：([ABCD])",
  "答案是?\\s?:([ABCD])",
  "答案应该?是\\s?([ABCD])",
  "答案应该?选\\s?([ABCD])",
  "答案为\\s?([ABCD])",
  "选择\\s?([ABCD])",
  "只有选?项?\\s?([ABCD])\\s?是?对",
  "只有选?项?\\s?([ABCD])\\s?是?错",
  "只有选?项?\\s?([ABCD])\\s?不?正确",
  "只有选?项?\\s?([ABCD])\\s?错误",
  "说法不?对选?项?的?是\\s?([ABCD])",
  "说法不?正确选?项?的?是\\s?([ABCD])",
  "说法错误选?项?的?是\\s?([ABCD])",
  "([ABCD])\\s?是正确的",
  "([ABCD])\\s?是正确答案",
  "选项\\s?([ABCD])\\s?正确",
  "所以答\\s?([ABCD])",
  "1.\\s?([ABCD])[.。$]?$",
  "所以\\s?([ABCD][.。$]?$)",
  "所有\\s?([ABCD][.。$]?$)",
  "[\\s，：:,]([ABCD])[。，,\\.]?$",
  "[\\s，,：:][故即]([ABCD])[。\\.]?$",
  "[\\s，,：:]因此([ABCD])[。\\.]?$",
  "[是为。]\\s?([ABCD])[。\\.]?$",
  "因此\\s?([ABCD])[。\\.]?$",
  "显然\\s?([ABCD])[。\\.]?$",
  "1.\\s?(.*?)$",
  "答案是\\s?(\\S+)(?:。|$)",
  "答案应该是\\s?(\\S+)(?:。|$)",
  "答案为\\s?(\\S+)(?:。|$)",
].map((source) => pythonRegExp(source));

/**
 * What reasoning comes to, by the 31 patterns of the LLaMA evaluator: a letter, or the text of a choice.
 *
 * @param response what follows {@link THINKING_START}; a second beginning of reasoning, which belongs to
 *   a question that the model made up, and what follows it do not count
 * @returns undefined where no pattern matches
 */
export function reasonedCevalAnswer(response: string): string | undefined {
  const [own = "", ...others] = response.split(THINKING);
  const text = THINKING_START + (others.length === 0 ? own.replace(/\n$/, "") : own);
  for (const pattern of reasoned) {
    const match = pattern.exec(text);
    if (match) return match[1];
  }
  return undefined;
}
