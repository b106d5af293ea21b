import { expect, test } from "vitest";
import { changed } from "../testRows.js";
import { normalizeWhitespace } from "./whitespace.js";

const clean = (text: string, options = {}) => changed(normalizeWhitespace, text, options);

test("spaces of every kind become the plain one, and runs of them one", async () => {
  expect(await clean("a\u00a0b\u2003c　中文\u3000好")).toBe("a b c 中文 好");
  expect(await clean("Hello.  How   are you?")).toBe("Hello. How are you?");
  expect(await clean("a  b", { collapse: false })).toBe("a  b");
});

test("blanks at the ends of lines and around the text go, line ends become one kind", async () => {
  expect(await clean("\n\n第一行 \r\n第二行\t\r\n\n")).toBe("第一行\n第二行");
});

test("towers of empty lines shrink to the number allowed", async () => {
  expect(await clean("a\n\n\n\n\n\nb")).toBe("a\n\n\nb");
  expect(await clean("a\n\n\nb", { maximum_blank_lines: 1 })).toBe("a\n\nb");
});

test("indentation stays, that of the first line too", async () => {
  const text = "    def f():\n        return 1\n　　段落";
  expect(await clean(text)).toBe(text);
});

test("fenced and inline code stays as it is, trailing blanks and all", async () => {
  const text = "看代码：\n```python\nx   =  1  \n\n\n\n\ny\u00a0= 2\n```\n用 `a  b` 和 `c`  吧";
  expect(await clean(text)).toBe(text);
});

test("tables, columns, alignment and verses stay", async () => {
  for (const text of [
    "| a    | b  |\n|------|----|\n| 1    | 22 |",
    "name     age     city\nAda      36      London",
    "10:00:01 INFO  worker  heartbeat ok",
    "x   = 1;   // one\nyy  = 2;   // two",
    "春眠不觉晓，\n    处处闻啼鸟。",
  ]) {
    expect(await clean(text)).toBe(text);
  }
});

test("twice is the same as once", async () => {
  const text = " a\u00a0 \u3000b \r\n\r\n\r\n\r\n  c　 d  \n```\n x \n```  e  f ";
  const once = await clean(text);
  expect(await clean(once)).toBe(once);
});
