import { describe, expect, test } from "vitest";
import { wordFinder } from "./ahoCorasick.js";
import { countCharacters, countClasses } from "./characterClasses.js";
import { mapProse, proseOnly, splitCode } from "./codeSpans.js";
import { numberNgrams } from "./ngrams.js";
import { findUrls } from "./urls.js";
import { wordsOf } from "./words.js";

/** Numbers from 0 to below `limit`, the same in each run. */
function pseudoRandom(limit: number, seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

describe("code", () => {
  const codes = (text: string, options = {}) =>
    splitCode(text, options)
      .filter(({ code }) => code)
      .map(({ text: code }) => code);

  test("fences and inline code are found wherever they begin", () => {
    expect(codes("如下：```py\nx\n```，再 `y` 和 ``a`b``。")).toEqual([
      "```py\nx\n```",
      "`y`",
      "``a`b``",
    ]);
    expect(codes("~~~\nx ``` y\n~~~\nz")).toEqual(["~~~\nx ``` y\n~~~"]);
    expect(codes("````\n```\nx\n```\n````")).toEqual(["````\n```\nx\n```\n````"]);
    expect(codes("`y` ```x```", { inlineIsProse: true })).toEqual(["```x```"]);
  });

  test("an open fence reaches to the end, an open backtick does not", () => {
    expect(codes("a ```x\ny")).toEqual(["```x\ny"]);
    expect(codes("it`s fine")).toEqual([]);
    expect(proseOnly("a `b` c")).toBe("a \n c");
  });

  test("the spans joined are the text", () => {
    const next = pseudoRandom(8, 7);
    const pieces = ["`", "``", "```", "````", "~~~", "\n", "x", " 好"];
    for (let round = 0; round < 500; round++) {
      const text = Array.from({ length: 12 }, () => pieces[next()]).join("");
      expect(
        splitCode(text)
          .map((span) => span.text)
          .join(""),
      ).toBe(text);
      expect(mapProse(text, (prose) => prose)).toBe(text);
    }
  });
});

test("words: runs of letters, single Chinese characters, apostrophes inside", () => {
  expect(wordsOf("Don't stop，我爱Python3.10！'x' naïve 한국어 かな")).toEqual([
    "Don't",
    "stop",
    "我",
    "爱",
    "Python3",
    "10",
    "x",
    "naïve",
    "한국어",
    "か",
    "な",
  ]);
});

test("classes are counted by code point", () => {
  expect(countClasses("a1 好か한😀𠮷。★")).toEqual({
    total: 10,
    letters: 5,
    digits: 1,
    spaces: 1,
    symbols: 2,
    han: 2,
    kana: 1,
    hangul: 1,
    latin: 1,
  });
  expect(countCharacters("😀a\ud800")).toBe(3);
});

test("n-grams are numbered exactly, also where hashes meet", () => {
  const next = pseudoRandom(3, 1);
  for (const n of [1, 2, 3, 7]) {
    const units = Int32Array.from({ length: 400 }, () => next() * 0x10000);
    const { numbers, counts } = numberNgrams(units, n);
    const seen = new Map<string, number>();
    const expected = Array.from({ length: units.length - n + 1 }, (_, start) => {
      const key = units.slice(start, start + n).join();
      if (!seen.has(key)) seen.set(key, seen.size);
      return seen.get(key)!;
    });
    expect([...numbers]).toEqual(expected);
    expect(counts.length).toBe(seen.size);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(numbers.length);
  }
  expect(numberNgrams(Int32Array.of(1, 2), 3).counts.length).toBe(0);
});

test("every place of every word is found", () => {
  const next = pseudoRandom(3, 5);
  const letters = ["a", "b", "词"];
  const word = (length: number) => Array.from({ length }, () => letters[next()]).join("");
  const words = new Set(Array.from({ length: 12 }, (_, i) => word(1 + (i % 4))));
  const text = word(300);
  const found: string[] = [];
  wordFinder(words)(text, ({ start, end }) => found.push(`${start}-${end}`));
  const expected: string[] = [];
  for (let start = 0; start < text.length; start++) {
    for (const one of words)
      if (text.startsWith(one, start)) expected.push(`${start}-${start + one.length}`);
  }
  expect(found.sort()).toEqual(expected.sort());
});

test("addresses end before Chinese, closing brackets and punctuation", () => {
  const text = "看https://a.com/x_(y)?q=1，(http://b.c/d). awww.no.com www.e.f!";
  expect(findUrls(text).map(({ start, end }) => text.slice(start, end))).toEqual([
    "https://a.com/x_(y)?q=1",
    "http://b.c/d",
    "www.e.f",
  ]);
});
