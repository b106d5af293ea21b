import { expect, test } from "vitest";
import { isRejection } from "../../../operator.js";
import { changed, rowOf } from "../testRows.js";
import { convertChinese } from "./chinese.js";

const clean = (text: string, options = {}) => changed(convertChinese, text, options);

test("traditional becomes simplified, phrase by phrase", async () => {
  expect(await clean("皇后的頭髮很乾淨，乾隆年間。")).toBe("皇后的头发很干净，乾隆年间。");
});

test("simplified becomes traditional, in the forms of each place", async () => {
  expect(await clean("皇后的头发在这里", { to: "traditional" })).toBe("皇后的頭髮在這裏");
  expect(await clean("皇后的头发在这里", { to: "taiwan" })).toBe("皇后的頭髮在這裡");
  expect(await clean("用鼠标点软件", { to: "taiwan", phrases: true })).toBe("用滑鼠點軟體");
  expect(await clean("用滑鼠點軟體", { phrases: true })).toBe("用鼠标点软件");
});

test("simplified Chinese and English stay", async () => {
  const text = "著名的程序员在公里外的后台干活，表里如一。The 2nd 复习。";
  expect(await clean(text)).toBe(text);
});

test("Japanese and Korean stay, Chinese beside a Japanese sentence converts", async () => {
  const japanese = "東京は日本の首都です。国際会議場へ行きました。";
  expect(await clean(japanese)).toBe(japanese);
  expect(await clean("漢字와 한글")).toBe("漢字와 한글");
  const chinese = "這句日語的意思如下，請仔細閱讀並且記住這些單詞的發音與用法，然後再做練習題。";
  const both = `${chinese}会議はどこ？${chinese}`;
  const simplified = "这句日语的意思如下，请仔细阅读并且记住这些单词的发音与用法，然后再做练习题。";
  expect(await clean(both)).toBe(`${simplified}会議はどこ？${simplified}`);
});

test("a conversation about the two writings stays", async () => {
  const row = rowOf("軟體", "请把“软件”转换成繁体");
  const run = (options = {}) => convertChinese.prepare(convertChinese.options.parse(options))(row);
  expect(await run()).toBe(row);
  const result = await run({ keep_when_asked: false });
  expect(isRejection(result) || result.messages[1]!.content).toBe("软体");
  expect(await clean("把複雜的問題轉換為簡單的問題，變得簡潔")).toBe(
    "把复杂的问题转换为简单的问题，变得简洁",
  );
});

test("twice is the same as once", async () => {
  for (const to of ["simplified", "traditional", "taiwan", "hong_kong"]) {
    const once = await clean("裡面的軟體與头发，后面的干净房间。", { to });
    expect(await clean(once, { to })).toBe(once);
  }
});
