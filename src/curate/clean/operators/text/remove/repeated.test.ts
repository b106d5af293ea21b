import { expect, test } from "vitest";
import { changed } from "../testRows.js";
import { removeRepeatedLines, removeRepeatedSentences } from "./repeated.js";

const loop = "这是一个重复了很多遍的句子。";

test("a line said again goes", async () => {
  const lines = (text: string, options = {}) => changed(removeRepeatedLines, text, options);
  expect(await lines(`${loop}\n${loop}\n\n${loop}\n结束`)).toBe(`${loop}\n\n结束`);
  expect(await lines(`${loop}\n别的一句话\n${loop}`)).toBe(`${loop}\n别的一句话\n${loop}`);
  expect(await lines(`${loop}\n别的一句话\n${loop}`, { scope: "all" })).toBe(`${loop}\n别的一句话`);
  expect(await lines(`${loop}\n${loop}\n${loop}`, { keep: 2 })).toBe(`${loop}\n${loop}`);
});

test("a sentence said again goes", async () => {
  const sentences = (text: string, options = {}) => changed(removeRepeatedSentences, text, options);
  expect(await sentences(`开头。${loop.repeat(5)}结尾。`)).toBe(`开头。${loop}结尾。`);
  expect(await sentences("I would like to help you. I would like to help you. Bye.")).toBe(
    "I would like to help you. Bye.",
  );
  const cycle = `${loop}另一个同样很长的句子在这里。`.repeat(3);
  expect(await sentences(cycle)).toBe(cycle);
  expect(await sentences(cycle, { scope: "all" })).toBe(`${loop}另一个同样很长的句子在这里。`);
});

test("short lines, tables, brackets, refrains, code and decimals stay", async () => {
  for (const text of [
    "}\n}\n}",
    "|------------|\n|------------|",
    "==========================\n==========================",
    "啦啦啦\n啦啦啦",
    `${loop}\n第二段歌词\n${loop}`,
    "```\nprint('hello world')\nprint('hello world')\n```",
    "The value is 3.14159265358979 and 3.14159265358979.",
  ]) {
    expect(await changed(removeRepeatedLines, text)).toBe(text);
    expect(await changed(removeRepeatedSentences, text)).toBe(text);
  }
});

test("twice is the same as once", async () => {
  for (const scope of ["consecutive", "all"]) {
    const text = `${loop}${loop}\n${loop}\nA long enough English line.\nA long enough English line.`;
    for (const operator of [removeRepeatedLines, removeRepeatedSentences]) {
      const once = await changed(operator, text, { scope });
      expect(await changed(operator, once, { scope })).toBe(once);
    }
  }
});
