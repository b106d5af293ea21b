/** For tests: runs an operator on a text, and texts that no operator may be slow on. */
import { type CanonicalRow, type CleanOperator, isRejection } from "../../operator.js";

/** A conversation of a question and an answer. */
export function rowOf(answer: string, question = "Q"): CanonicalRow {
  return {
    messages: [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ],
    rest: {},
  };
}

/** The answer as the operator leaves it. */
export async function changed(
  operator: CleanOperator,
  answer: string,
  options: Record<string, unknown> = {},
): Promise<string> {
  const result = await operator.prepare(operator.options.parse(options))(rowOf(answer));
  if (isRejection(result)) throw new Error(`left out: ${result.reason}`);
  return result.messages[1]!.content;
}

/** Why the operator leaves out a conversation with this answer, or null. */
export async function reason(
  operator: CleanOperator,
  answer: string,
  options: Record<string, unknown> = {},
): Promise<string | null> {
  const result = await operator.prepare(operator.options.parse(options))(rowOf(answer));
  return isRejection(result) ? result.reason : null;
}

/** Numbers from 0 to below a limit, the same in each run. */
export function pseudoRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** What the operators look for, to be put together at random. */
export const pieces = [
  ..."aZ9.,!?:;()[]<>&#@/-+*=`|\n 中國国。，！（）“”　",
  "\n\n",
  "  ",
  "```",
  "\u200b",
  "\u200d",
  "\ufeff",
  "\ufe0f",
  "👍",
  "👨‍👩‍👧",
  "1️⃣",
  "\ud800",
  "e\u0301",
  "Ａ１",
  "\u00a0",
  "<p>",
  "</p>",
  "<b",
  "<sup>2</sup>",
  "<script>",
  "</script>",
  "<!--",
  "-->",
  "&lt;",
  "&gt;",
  "&amp;",
  "&nbsp;",
  "amp;",
  "lt;",
  "https://a.com/b",
  "www.b.cn",
  "[x](",
  "](https://c.org)",
  "![",
  "a@qq.com",
  "13812345678",
  "110105",
  "19491231002X",
  "4111111111111111",
  "47.98.123.45",
  "2400:3200::1",
  "sk-aB3dE6gH9kLmNoPqRsTu",
  "://u:p@h",
  "點擊查看更多",
  "点击查看更多",
  "Read more",
  "这是一个重复的长句子。",
  "A long English sentence here. ",
  "\n这是一个重复的长句子。\n",
  "繁體字軟體",
  "日本のかな",
  "â€™",
  "Ã©",
  "ä½\u00a0å¥½",
  "浣犲ソ",
  "ÄãºÃÊÀ",
];

/** Repeated, they are what expressions are slow on. */
export const hostile = [
  "a",
  " ",
  "1",
  "@",
  "<",
  "`",
  "[",
  ".",
  "\n",
  "。",
  "a@",
  "a.",
  "<a",
  "<a href=",
  "<!--",
  "<script>",
  "&",
  "&amp",
  "&lt;",
  "``` ",
  "`a``b```",
  "![",
  "[a](",
  "(",
  "https://",
  "http://a",
  "www.",
  "1.",
  "1.2.",
  ":",
  "a:",
  "1:",
  "1-",
  "1 ",
  "+1",
  "13812345678",
  "sk-",
  "eyJ",
  "://a:",
  "-----BEGIN PRIVATE KEY-----",
  "\u200d",
  "👨\u200d",
  "\ud800",
  "\u00e2\u20ac",
  "\u00c3\u00a9",
  "\u00c4\u00e3",
  "浣犲",
  "が",
  "繁体。",
  "#",
  "~~~\n",
  " a",
  "赌",
  "。。 ",
  "点击",
  "版权所有",
  "\u3000 ",
  "\u0301",
  "x<sup>",
  "1️⃣",
  "🇨",
  "a<br>",
  "| a<br>",
  "a😀",
  " 😀 ",
  "(http://a.b)",
  "a http://a.b ",
  "a a@b.cn ",
  "<td>x</td>",
  "。. ",
];
