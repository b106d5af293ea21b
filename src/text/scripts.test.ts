import { eld } from "eld/small";
import { expect, test } from "vitest";
import { countScripts, eastAsianShare, languageOf, scriptCounts, scriptNames } from "./scripts.js";

const counted = (text: string) => {
  const counts = scriptCounts();
  countScripts(text, counts);
  return counts;
};
const language = (text: string) =>
  languageOf(text, counted(text), (part) => eld.detect(part).language);

test("characters are counted by kind, those beyond 16 bits as one", () => {
  const counts = counted("Ab 中文，かナ한 5𠀀😀é");
  const byName = Object.fromEntries(
    scriptNames.map((name, index) => [name, counts[index]]).filter(([, count]) => count),
  );
  expect(byName).toEqual({
    han: 3,
    kana: 2,
    hangul: 1,
    latin: 3,
    digit: 1,
    space: 2,
    symbol: 2,
  });
});

test("a lone surrogate is one symbol", () => {
  expect(counted("\ud800a").at(-1)).toBe(1);
  expect(counted("a\ud83d").at(-1)).toBe(1);
});

test.each([
  ["请介绍一下人工智能的发展历史。", "zh"],
  ["用 Python 写一个函数 quick_sort(list) 并解释 time complexity。复杂度是多少？", "zh"],
  ["請介紹一下人工智慧的發展歷史。", "zh"],
  ["人工知能の歴史について説明してください。", "ja"],
  ["인공지능의 역사를 설명해 주세요.", "ko"],
  ["Please describe the history of artificial intelligence.", "en"],
  ["What does the word 龙 mean, and how is it pronounced in the south?", "en"],
  ["Расскажите об истории искусственного интеллекта.", "ru"],
  ["Décrivez l'histoire de l'intelligence artificielle, s'il vous plaît.", "fr"],
  ["12345 + 67890 = ?", "und"],
])("%s is %s", (text, expected) => {
  expect(language(text)).toBe(expected);
});

test("the share of Chinese weighs a character as several letters", () => {
  expect(eastAsianShare(counted("中文"))).toBe(1);
  expect(eastAsianShare(counted("word"))).toBe(0);
  expect(eastAsianShare(counted("中abc"))).toBe(0.5);
  expect(eastAsianShare(counted("1 2"))).toBeUndefined();
});
