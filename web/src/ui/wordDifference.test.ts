import { expect, it } from "vitest";
import { type Piece, wordDifference } from "./wordDifference";

const told = (pieces: Piece[]) =>
  pieces.map(({ text, kind }) => ({ same: text, gone: `[-${text}]`, new: `[+${text}]` })[kind]);

it("tells changed words, and Chinese by characters", () => {
  expect(told(wordDifference("I am a model.", "I am a tuned model."))).toEqual([
    "I am a ",
    "[+tuned ]",
    "model.",
  ]);
  expect(told(wordDifference("北京是首都。", "北京是中国首都。"))).toEqual([
    "北京是",
    "[+中国]",
    "首都。",
  ]);
});

it("gives both texts back, whatever they are", () => {
  const texts = ["", "a", "a  b\n\nc", "x😀y", "**list**\n- 1\n- 2", "mixed 中文 and words"];
  for (const before of texts)
    for (const after of texts) {
      const pieces = wordDifference(before, after);
      const without = (kind: string) =>
        pieces
          .filter((piece) => piece.kind !== kind)
          .map(({ text }) => text)
          .join("");
      expect(without("gone")).toBe(after);
      expect(without("new")).toBe(before);
    }
});
