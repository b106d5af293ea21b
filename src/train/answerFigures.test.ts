import { describe, expect, it } from "vitest";
import { languageDetector } from "../eval/index.js";
import { type AnsweredTurn, measureAnswers } from "./answerFigures.js";

const detect = await languageDetector();

const turn = (
  user: string,
  text: string,
  tokenIds: number[] = [],
  isCutOff = false,
): AnsweredTurn => ({ user, text, tokenIds, isCutOff });

describe("figures of answers", () => {
  it("counts runs of four tokens that an answer had before, over all answers", () => {
    // 1234 2341 3412 4123 1234: one of five; 5678: none of one; two tokens have no run.
    const turns = [
      turn("a", "x", [1, 2, 3, 4, 1, 2, 3, 4]),
      turn("b", "y", [5, 6, 7, 8]),
      turn("c", "z", [1, 2]),
    ];
    expect(measureAnswers(turns, detect)).toMatchObject({
      repetition_rate: 1 / 6,
      repeated_answer_rate: 0,
      answer_tokens: 14 / 3,
    });
  });

  it("counts answers that say the same again, and those that are cut off; nothing said is no repetition", () => {
    const turns = [
      turn("a", "我不知道。"),
      turn("b", " 我不知道。\n", [], true),
      turn("c", ""),
      turn("d", ""),
    ];
    expect(measureAnswers(turns, detect)).toMatchObject({
      repetition_rate: 0,
      repeated_answer_rate: 0.25,
      cut_off_rate: 0.25,
      answer_tokens: 0,
    });
  });

  it("has no language rate where no language can be told", () => {
    const { wrong_language_rate } = measureAnswers([turn("2 + 2 = ?", "4")], detect);
    expect(wrong_language_rate).toBeNull();
  });
});
