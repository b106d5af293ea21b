import { expect, test } from "vitest";
import { changed, reason } from "../testRows.js";
import { filterMojibake, fixMojibake } from "./mojibakeOperators.js";

const utf8 = (text: string) => new TextEncoder().encode(text);
const asGbk = (text: string) => new TextDecoder("gbk").decode(utf8(text));
const asLatin1 = (text: string) => String.fromCharCode(...utf8(text));
const fix = (text: string) => changed(fixMojibake, text);

/** Made with Python: the bytes of the UTF-8, each decoded as cp1252 (or, where it has none, as latin-1). */
const asWindows1252: Record<string, string> = {
  "It’s a “test” — naïve café…":
    "It\xe2\u20ac\u2122s a \xe2\u20ac\u0153test\xe2\u20ac\x9d \xe2\u20ac\u201d na\xc3\xafve caf\xc3\xa9\xe2\u20ac\xa6",
  "你好，世界！今天天气不错。":
    "\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\u0152\xe4\xb8\u2013\xe7\u2022\u0152\xef\xbc\x81\xe4\xbb\u0160\xe5\xa4\xa9\xe5\xa4\xa9\xe6\xb0\u201d\xe4\xb8\x8d\xe9\u201d\u2122\xe3\u20ac\u201a",
  "Привет, мир":
    "\xd0\u0178\xd1\u20ac\xd0\xb8\xd0\xb2\xd0\xb5\xd1\u201a, \xd0\xbc\xd0\xb8\xd1\u20ac",
  "Größe: 5 µm ± 2 °C": "Gr\xc3\xb6\xc3\u0178e: 5 \xc2\xb5m \xc2\xb1 2 \xc2\xb0C",
  "emoji 😀 here": "emoji \xf0\u0178\u02dc\u20ac here",
  こんにちは: "\xe3\x81\u201c\xe3\u201a\u201c\xe3\x81\xab\xe3\x81\xa1\xe3\x81\xaf",
};

test("UTF-8 read as windows-1252 or latin-1 comes back, in every kind of script", async () => {
  for (const [text, wrong] of Object.entries(asWindows1252)) {
    expect(await fix(wrong)).toBe(text);
    expect(await fix(asLatin1(text))).toBe(text);
  }
});

test("a single accent comes back", async () => {
  expect(await fix("The cafÃ© is open")).toBe("The café is open");
  expect(await fix("Donâ€™t")).toBe("Don’t");
});

test("text misread twice comes back", async () => {
  const twice =
    "\xc3\xa5\xc2\xae\xc6\u2019\xc3\xa2\xe2\u201a\xac\xe2\u201e\xa2s \xc3\xa4\xc2\xb8\xc2\xad\xc3\xa6\xe2\u20ac\u201c\xe2\u20ac\xa1";
  expect(await fix(twice)).toBe("它’s 中文");
  expect(await fix(asLatin1(asLatin1("两次也一样")))).toBe("两次也一样");
});

test("mojibake inside good Chinese is repaired, the Chinese stays", async () => {
  expect(await fix("他说：donâ€™t，很好。")).toBe("他说：don’t，很好。");
});

test("UTF-8 read as GBK comes back where no byte was lost", async () => {
  for (const text of ["你好世界", "人工智能", "机器学习，", "今天天气很好，我们出门"]) {
    const wrong = asGbk(text);
    expect(wrong).not.toBe(text);
    expect(await fix(wrong)).toBe(wrong.includes("\ufffd") ? wrong : text);
  }
});

test("GBK read as latin-1 comes back", async () => {
  expect(await fix("ÄãºÃÊÀ½ç")).toBe("你好世界");
});

test("good text is untouched", async () => {
  for (const text of [
    "“Beyoncé”—é",
    "«CAFÉ» et «RÉSUMÉ»",
    "naïve café, jalapeño, Ångström, 5 £, 20 °C, ½ × ¾",
    "Ein Gespräch über Öl – für alle",
    "Đây là tiếng Việt: Ã, Â, ê",
    "São Paulo: IRMÃ, NÃO, AÇÃO",
    "联通 移动 一二三 嗯嗯 浣熊 浣溪沙",
    "乾隆年間的瓷器，軟體與硬體",
    "日本語のテスト、かな",
    "한국어 텍스트",
    "1 · 2 • 3 … → ∀x∈ℝ",
  ]) {
    expect(await fix(text)).toBe(text);
    expect(await reason(filterMojibake, text)).toBe(null);
  }
});

test("what is lost is left out with the share", async () => {
  const lost = asGbk("你好吗\n我很好");
  expect(lost).toContain("\ufffd");
  expect(await reason(filterMojibake, lost)).toMatch(/^wrongly decoded characters 0\.\d+ > 0\.01$/);
  expect(await reason(filterMojibake, "锟斤拷锟斤拷锟斤拷")).toMatch(/^wrongly decoded/);
  expect(await reason(filterMojibake, asGbk("这个问题的答案是这样的，请看下面"))).toMatch(
    /^wrongly/,
  );
  expect(await reason(filterMojibake, "Ã©tÃ© â€™ Ã")).toMatch(/^wrongly decoded/);
});

test("one lost character in a long answer passes, and so does a word about mojibake", async () => {
  expect(await reason(filterMojibake, `${"很长的回答。".repeat(50)}\ufffd`)).toBe(null);
  expect(
    await reason(filterMojibake, `「锟斤拷」是常见的乱码。${"它是这样产生的：".repeat(50)}`),
  ).toBe(null);
});

test("a repaired text needs no second repair", async () => {
  const once = await fix(asLatin1("“两次”也一样—café"));
  expect(await fix(once)).toBe(once);
});

test("conversations about encodings keep what they show", async () => {
  for (const text of [
    "“Ã©” is what é looks like when UTF-8 is read as Latin-1: cafÃ© for café.",
    "“锟斤拷”和“烫烫烫”是常见的乱码，来自GBK。",
    "The replacement character is \ufffd (U+FFFD).",
  ]) {
    expect(await changed(fixMojibake, text)).toBe(text);
    expect(await reason(filterMojibake, text)).toBeNull();
    expect(await reason(filterMojibake, text, { keep_when_taught: false })).toMatch("wrongly");
  }
});
