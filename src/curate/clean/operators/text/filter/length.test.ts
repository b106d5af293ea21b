import { expect, test } from "vitest";
import { reason } from "../testRows.js";
import { filterLength, filterLineLength } from "./length.js";

test("characters are what a reader counts", async () => {
  // The question "Q" and a line break are part of the text.
  expect(await reason(filterLength, "😀", { minimum: 4 })).toBe("characters 3 < 4");
  expect(await reason(filterLength, "好的", { minimum: 4 })).toBe(null);
  expect(await reason(filterLength, "好".repeat(9), { maximum: 10 })).toBe("characters 11 > 10");
});

test("words are counted where the script has words", async () => {
  const few = { minimum_words: 5 };
  expect(await reason(filterLength, "only three words", few)).toBe("words 4 < 5");
  expect(await reason(filterLength, "三个词", few)).toBe(null);
  expect(await reason(filterLength, "don't stop now please", few)).toBe(null);
});

test("short Chinese answers pass by default", async () => {
  for (const answer of ["是的", "42", "不会。"])
    expect(await reason(filterLength, answer)).toBe(null);
});

test("lines: longest and average, empty ones not counted", async () => {
  expect(await reason(filterLineLength, "x".repeat(20_001))).toBe("longest line 20001 > 20000");
  expect(await reason(filterLineLength, "abc\n\n\nabcde", { minimum_average: 4 })).toBe(
    "average line length 3 < 4",
  );
  expect(await reason(filterLineLength, "短", { minimum_longest: 10 })).toBe("longest line 1 < 10");
  expect(await reason(filterLineLength, "短")).toBe(null);
});
