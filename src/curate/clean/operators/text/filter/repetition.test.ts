import { describe, expect, test } from "vitest";
import { numberWords, wordsOf } from "../scan/words.js";
import { reason } from "../testRows.js";
import {
  characterRepetition,
  filterCharacterRepetition,
  filterWordRepetition,
  wordRepetition,
} from "./repetition.js";

const units = (text: string) =>
  Int32Array.from([...text], (character) => character.codePointAt(0)!);

/** The measure written down from its definition, with strings. */
function byDefinition(text: string, n: number): number {
  const characters = [...text];
  const counts = new Map<string, number>();
  for (let start = 0; start + n <= characters.length; start++) {
    const ngram = characters.slice(start, start + n).join("");
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  const sorted = [...counts.values()].sort((a, b) => b - a);
  const repeated = sorted.filter((count) => count > 1).length;
  const top = Math.min(Math.floor(Math.sqrt(sorted.length)), repeated);
  const sum = (list: number[]) => list.reduce((left, right) => left + right, 0);
  return sorted.length === 0 ? 0 : sum(sorted.slice(0, top)) / sum(sorted);
}

describe("the measures", () => {
  test("character repetition is data-juicer's", () => {
    for (const text of [
      "",
      "一二三",
      "abcabcabcabcabcabc",
      "啦".repeat(40),
      "今天天气很好，明天天气也很好，后天呢？😀😀😀",
    ]) {
      for (const n of [1, 2, 5, 10]) {
        expect(characterRepetition(units(text), n)).toBeCloseTo(byDefinition(text, n), 12);
      }
    }
  });

  test("word repetition is the share of n-grams that occur twice", () => {
    const words = (text: string) => numberWords(wordsOf(text));
    expect(wordRepetition(words("a b c a b"), 2)).toBe(0.5);
    expect(wordRepetition(words("我爱你我爱他"), 2)).toBe(0.4);
    expect(wordRepetition(words("a b c d"), 2)).toBe(0);
  });
});

const loops = [
  "对不起，我不知道该怎么办。".repeat(30),
  "I am sorry about that and I do not know what to do. ".repeat(20),
];

test("loops are left out", async () => {
  for (const loop of loops) {
    expect(await reason(filterWordRepetition, loop)).toMatch(
      /^word repetition (1|0\.9\d*) > 0\.8$/,
    );
  }
  expect(await reason(filterCharacterRepetition, "哈".repeat(200))).toMatch(
    /^character repetition/,
  );
});

test("poetry, lists, code, short answers and answers that quote the question pass", async () => {
  const passes = [
    "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。".repeat(2).slice(0, 40),
    "1. 苹果：一种水果，富含维生素。\n2. 香蕉：一种水果，富含钾。\n3. 西瓜：一种水果，富含水分。\n4. 葡萄：一种水果，富含糖分，也含有很多水分和少量的纤维。",
    `\`\`\`python\n${"print('hello world, hello world, hello world')\n".repeat(20)}\`\`\`\n这段代码打印很多次。`,
    "哈哈哈哈哈哈哈哈",
  ];
  for (const text of passes) {
    expect(await reason(filterWordRepetition, text)).toBe(null);
    expect(await reason(filterCharacterRepetition, text)).toBe(null);
  }
});

test("each message is judged alone", async () => {
  const sentence =
    "The sky is blue and the birds are singing in the trees near my house, and the grass is green today. We all sat down in the shade and talked about the summer until the evening came and it was time to go back home again.";
  const run = filterWordRepetition.prepare(
    filterWordRepetition.options.parse({ roles: ["user", "assistant"] }),
  );
  const row = {
    messages: [
      { role: "user" as const, content: sentence },
      { role: "assistant" as const, content: sentence },
    ],
    rest: {},
  };
  expect(run(row)).toBe(row);
});
