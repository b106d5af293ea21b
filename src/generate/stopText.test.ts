import { describe, expect, it } from "vitest";
import { createStopMatcher } from "./stopText.js";

/** What is shown after each piece, and at the end. */
function run(stop: string[], pieces: string[]): { shown: string[]; matched: string | undefined } {
  const matcher = createStopMatcher(stop);
  const shown = pieces.map((piece) => matcher.push(piece));
  return { shown: [...shown, matcher.flush()], matched: matcher.matched };
}

describe("stop texts", () => {
  it("are cut off, across pieces too, with all that follows", () => {
    expect(run(["END"], ["one E", "N", "D two", "three"])).toEqual({
      shown: ["one ", "", "", "", ""],
      matched: "END",
    });
  });

  it("hold back a beginning and show it when it turns out to be none", () => {
    expect(run(["END"], ["one E", "N", "TRY"])).toEqual({
      shown: ["one ", "", "ENTRY", ""],
      matched: undefined,
    });
  });

  it("show what was held back at the end of the answer", () => {
    expect(run(["\n\nUser:"], ["fine\n", "\nUs"]).shown).toEqual(["fine", "", "\n\nUs"]);
  });

  it("match where a beginning overlaps itself", () => {
    expect(run(["aab"], ["a", "a", "a", "b"])).toEqual({
      shown: ["", "", "a", "", ""],
      matched: "aab",
    });
  });

  it("take the match that begins first", () => {
    expect(run(["late", "ear"], ["an early late one"])).toEqual({
      shown: ["an ", ""],
      matched: "ear",
    });
  });

  it("without any, nothing is held back", () => {
    expect(run([], ["a", "b"]).shown).toEqual(["a", "b", ""]);
  });
});
