/** What passes compute: shares of prompts, and the time of steps. */
import { describe, expect, it } from "vitest";
import { learnPace, type Pace, planPass, tokensFor } from "./plan.js";
import type { RunningText } from "./texts.js";

/** Texts that lack so many tokens each. */
function texts(...missing: number[]): RunningText[] {
  return missing.map(
    (count) =>
      ({
        text: { ids: Array.from({ length: 5 + count }, (_, i) => i) },
        pages: { path: [] },
        held: 5,
        rotatedFor: 0,
      }) as unknown as RunningText,
  );
}

/** Places of the texts in a pass, with the tokens of each. */
function outline(running: RunningText[], tokens: number): [number, number][] {
  return planPass(running, tokens).map(({ one, span }) => [running.indexOf(one), span.ids.length]);
}

describe("a pass", () => {
  it("has a token of each answer first, whatever else it has", () => {
    expect(outline(texts(100, 1, 1), 40)).toEqual([
      [1, 1],
      [2, 1],
      [0, 38],
    ]);
  });

  it("reads half of its tokens in the oldest prompt, and the shortest of the others", () => {
    expect(outline(texts(500, 300, 20, 60), 200)).toEqual([
      [0, 100],
      [2, 20],
      [3, 60],
      [1, 20],
    ]);
    expect(outline(texts(30, 300), 200)).toEqual([
      [0, 30],
      [1, 170],
    ]);
  });

  it("reads on however many answers there are", () => {
    expect(outline(texts(50, ...Array<number>(30).fill(1)), 20).at(-1)).toEqual([0, 16]);
  });

  it("does not begin with what is too little to be worth it", () => {
    expect(outline(texts(100, 80, 90), 40)).toEqual([
      [0, 20],
      [1, 20],
    ]);
    expect(outline(texts(100, 30, 90), 64)).toEqual([
      [0, 32],
      [1, 30],
    ]);
  });
});

describe("the time of a step", () => {
  const passOf = (...missing: number[]) => planPass(texts(...missing), 1000);

  it("allows as many tokens as fit beside answers, and all where there are none", () => {
    const pace: Pace = { passSeconds: 0, tokenSeconds: 0 };
    learnPace(pace, passOf(1, 1), 0.05);
    expect(tokensFor(0.2, texts(1, 300), pace, 512)).toBe(1 + 64);
    learnPace(pace, passOf(1, 1, 100), 0.15);
    expect(pace.tokenSeconds).toBeCloseTo(0.001, 9);
    expect(tokensFor(0.2, texts(1, 300), pace, 512)).toBe(1 + 150);
    expect(tokensFor(0.2, texts(1, 300), pace, 80)).toBe(80);
    expect(tokensFor(0.01, texts(1, 300), pace, 512)).toBe(1 + 16);
    expect(tokensFor(0.2, texts(300), pace, 512)).toBe(512);
    expect(tokensFor(Number.POSITIVE_INFINITY, texts(1, 300), pace, 512)).toBe(512);
  });

  it("is learnt slowly, and not from a few tokens", () => {
    const pace: Pace = { passSeconds: 0.1, tokenSeconds: 0.001 };
    learnPace(pace, passOf(1), 0.2);
    expect(pace.passSeconds).toBeCloseTo(0.13, 9);
    learnPace(pace, passOf(1, 5), 9);
    expect(pace.tokenSeconds).toBe(0.001);
  });
});
