import { eld } from "eld/small";
import { describe, expect, it } from "vitest";
import { type AnsweredTurn, isOtherLanguage, measureAnswers } from "./answerFigures.js";

const detect = (text: string) => {
  const found = eld.detect(text);
  return found.isReliable() ? found.language : "";
};

const turn = (
  user: string,
  text: string,
  tokenIds: number[] = [],
  isCutOff = false,
): AnsweredTurn => ({ user, text, tokenIds, isCutOff });

describe("figures of answers", () => {
  it("counts runs of four tokens that an answer had before, over all answers", () => {
    // 1234 2341 3412 4123 1234: one of five; 5678: none of one; two tokens have no run.
    const turns = [
      turn("a", "x", [1, 2, 3, 4, 1, 2, 3, 4]),
      turn("b", "y", [5, 6, 7, 8]),
      turn("c", "z", [1, 2]),
    ];
    expect(measureAnswers(turns, detect)).toMatchObject({
      repetition_rate: 1 / 6,
      repeated_answer_rate: 0,
      answer_tokens: 14 / 3,
    });
  });

  it("counts answers that say the same again, and those that are cut off; nothing said is no repetition", () => {
    const turns = [
      turn("a", "我不知道。"),
      turn("b", " 我不知道。\n", [], true),
      turn("c", ""),
      turn("d", ""),
    ];
    expect(measureAnswers(turns, detect)).toMatchObject({
      repetition_rate: 0,
      repeated_answer_rate: 0.25,
      cut_off_rate: 0.25,
      answer_tokens: 0,
    });
  });

  it("has no language rate where no language can be told", () => {
    const { wrong_language_rate } = measureAnswers([turn("2 + 2 = ?", "4")], detect);
    expect(wrong_language_rate).toBeNull();
  });
});

describe("the language of an answer", () => {
  const english = "The weather in Shanghai is pleasant in autumn, with little rain.";
  const french = "Le temps à Shanghai est agréable en automne, avec peu de pluie.";
  const chinese = "上海的秋天天气宜人，雨水很少。";
  it.each([
    ["中文提问", "上海的秋天怎么样？", chinese, false],
    ["中文提问", "上海的秋天怎么样？", english, true],
    ["English question", "What is the weather like in autumn in Shanghai?", chinese, true],
    ["English question", "What is the weather like in autumn in Shanghai?", english, false],
    ["English question", "What is the weather like in autumn in Shanghai?", french, true],
    ["Japanese answer", "上海的秋天怎么样？", "上海の秋は過ごしやすく、雨も少ないです。", true],
    [
      "code only",
      "用 Python 打印你好",
      "```python\nprint('hello world, how are you')\n```",
      undefined,
    ],
    [
      "code in prose",
      "用 Python 打印你好",
      "可以这样写：\n```python\nprint('hello world')\n```",
      false,
    ],
    ["a name", "首都是哪里？", "Paris", undefined],
    ["a number", "一加一等于几？", "2", undefined],
    ["nothing", "你好", "", undefined],
    [
      "mixed text",
      "怎么安装 PyTorch？",
      "先运行 pip install torch，再打开 Python 检查版本号是否正确。",
      false,
    ],
  ])("%s: %s → %s", (_kind, question, answer, expected) => {
    expect(isOtherLanguage(question, answer, detect)).toBe(expected);
  });
});
