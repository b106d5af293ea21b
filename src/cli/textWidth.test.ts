import { describe, expect, test } from "vitest";
import { clipText, padText, textWidth, wrapText } from "./textWidth.js";

describe("textWidth", () => {
  // As a terminal with wcwidth of Unicode 15 draws them.
  test.each([
    ["plain", 5],
    ["什么", 4],
    ["，。", 4],
    ["ｆｕｌｌ", 8],
    ["café", 4],
    ["cafe\u0301", 4],
    ["⟦x⟧…—", 5],
    ["😀", 2],
    ["👩\u200d💻", 2],
    ["", 0],
  ])("%j takes %i columns", (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  test("padding counts columns, not characters", () => {
    expect(padText("中文", 6)).toBe("中文  ");
    expect(padText("中文", 3)).toBe("中文");
  });
});

describe("wrapText", () => {
  test("breaks at spaces and keeps words whole", () => {
    expect(wrapText("Run ./tunewright train CONFIG now.", 18)).toEqual([
      "Run ./tunewright",
      "train CONFIG now.",
    ]);
  });

  test("breaks Chinese anywhere but before punctuation", () => {
    expect(wrapText("你好，世界。", 6)).toEqual(["你好，", "世界。"]);
    expect(wrapText("你好，世界。", 4)).toEqual(["你", "好，", "世", "界。"]);
  });

  test("breaks between Chinese and a command, and keeps the command whole", () => {
    expect(wrapText("运行 ./tunewright demo 即可", 18)).toEqual(["运行 ./tunewright", "demo 即可"]);
  });

  test("cuts a word that fits no line", () => {
    expect(wrapText("a/very/long/path", 6)).toEqual(["a/very", "/long/", "path"]);
  });

  test("no line is wider than asked, whatever the text", () => {
    const text =
      "A 混合 text，with-some-very-long-words 和标点！！！ 😀😀😀 and\ttabs\u001b[31m red";
    for (let columns = 4; columns < 40; columns++) {
      for (const line of wrapText(text, columns)) {
        expect(textWidth(line)).toBeLessThanOrEqual(columns);
        expect(line).not.toContain("\u001b");
      }
    }
  });

  test("keeps line breaks and drops empty lines", () => {
    expect(wrapText("one\n\n\ntwo\n", 20)).toEqual(["one", "two"]);
    expect(wrapText("", 20)).toEqual([""]);
  });
});

describe("clipText", () => {
  test("says with an ellipsis that more follows, within the width", () => {
    expect(clipText("one two three", 5, 2)).toEqual(["one", "two…"]);
    expect(clipText("aaaaaaaaaa", 5, 1)).toEqual(["aaaa…"]);
    expect(clipText("一二三四五六", 6, 1)).toEqual(["一二…"]);
    expect(clipText("fits", 5, 1)).toEqual(["fits"]);
  });
});
