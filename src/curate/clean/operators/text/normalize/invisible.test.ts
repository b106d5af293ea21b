import { expect, test } from "vitest";
import { changed } from "../testRows.js";
import { removeInvisibleCharacters } from "./invisible.js";

const clean = (text: string, options = {}) => changed(removeInvisibleCharacters, text, options);

test("zero-width spaces, byte-order marks, soft hyphens and controls go", async () => {
  expect(await clean("\ufeff你\u200b好\u00ad，wor\u2060ld\u0007\u009f")).toBe("你好，world");
});

test("line feeds, tabs and spaces stay; every line end becomes a line feed", async () => {
  expect(await clean("a\tb\n c\r\nd\re\u2028f\u0085g\fh")).toBe("a\tb\n c\nd\ne\nf\ng\nh");
});

test("unpaired surrogates, private use and noncharacters go, pairs stay", async () => {
  expect(await clean("a\ud800b\udc00c\ue000d\ufdd0e\u{f0000}f😀𠮷")).toBe("abcdef😀𠮷");
});

test("joiners stay inside emoji and go between letters", async () => {
  expect(await clean("👨‍👩‍👧 👩🏽‍💻 ❤️‍🔥 中\u200d文 \u200d")).toBe("👨‍👩‍👧 👩🏽‍💻 ❤️‍🔥 中文 ");
});

test("joiners stay in Persian and Hindi, which need them", async () => {
  for (const text of ["می\u200cخواهم", "क्\u200dष"]) expect(await clean(text)).toBe(text);
});

test("variation selectors stay behind what they vary, and hidden runs of them go", async () => {
  expect(await clean("☎️ 1️⃣ 葛\u{e0100}")).toBe("☎️ 1️⃣ 葛\u{e0100}");
  expect(await clean("a\ufe0f\ufe01\u{e0150}b")).toBe("ab");
});

test("the flag of England stays, tags without a flag go", async () => {
  const flag = "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
  expect(await clean(`${flag} x\u{e0041}y`)).toBe(`${flag} xy`);
});

test("direction controls go, but not from texts in Hebrew or Arabic", async () => {
  expect(await clean("a\u202eb\u2066c")).toBe("abc");
  expect(await clean("שלום\u200f (a)")).toBe("שלום\u200f (a)");
  expect(await clean("a\u202eb", { bidirectional: false })).toBe("a\u202eb");
});

test("replacement characters stay unless asked for", async () => {
  expect(await clean("a\ufffdb")).toBe("a\ufffdb");
  expect(await clean("a\ufffdb", { replacement_characters: true })).toBe("ab");
});

test("ordinary Chinese, English, mathematics and code are untouched", async () => {
  const text = "中文，English — “引号” x² ≠ ½ ∑ α\n\tif (a < b) { return `ok`; }\n　　缩进";
  expect(await clean(text)).toBe(text);
});

test("zero-width spaces stay where Thai and Khmer words end, and nowhere else", async () => {
  expect(await clean("ไป\u200bโรงเรียน")).toBe("ไป\u200bโรงเรียน");
  expect(await clean("ខ្ញុំ\u200bទៅ")).toBe("ខ្ញុំ\u200bទៅ");
  expect(await clean("a\u200bb ไป\u200b")).toBe("ab ไป");
});
