import { describe, expect, it } from "vitest";
import { isOtherLanguage, languageDetector } from "./language.js";

const detect = await languageDetector();

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
