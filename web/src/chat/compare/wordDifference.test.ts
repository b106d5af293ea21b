import { expect, it } from "vitest";
import { type Part, wordDifference } from "./wordDifference";

const marked = (parts: Part[]) =>
  parts.map(({ text, changed }) => (changed ? `[${text}]` : text)).join("");

it("marks words that the other text lacks", () => {
  const [left, right] = wordDifference("The cat sat down.", "The black cat sat.");
  expect(marked(left)).toBe("The cat sat[ down].");
  expect(marked(right)).toBe("The [black ]cat sat.");
});

it("marks Chinese words, and nothing in equal or empty texts", () => {
  expect(marked(wordDifference("我喜欢猫", "我喜欢狗")[1])).toBe("我喜欢[狗]");
  expect(wordDifference("same", "same")[0]).toEqual([{ text: "same", changed: false }]);
  expect(wordDifference("", "")).toEqual([[], []]);
});

it("gives texts of any length back", () => {
  const text = "word ".repeat(3000);
  const [left, right] = wordDifference(text, `${text}end`);
  expect(left.map((part) => part.text).join("")).toBe(text);
  expect(right.map((part) => part.text).join("")).toBe(`${text}end`);
});
