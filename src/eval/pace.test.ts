import { expect, test } from "vitest";
import { createPace } from "./pace.js";

const scoring = (units: number) => ({ scoring: units, generating: 0 });

test("the rest takes as long as the work before it, unit by unit", () => {
  const pace = createPace(100);
  expect(pace.timeLeft(scoring(10))).toBeUndefined();
  pace.update(scoring(50), "scoring", 105);
  expect(pace.timeLeft(scoring(30))).toEqual({ seconds: 3, isLeast: false });
  expect(pace.timeLeft(scoring(0))).toEqual({ seconds: 0, isLeast: false });
});

test("work of a kind that was not measured makes it a least", () => {
  const pace = createPace(0);
  pace.update(scoring(20), "scoring", 10);
  expect(pace.timeLeft({ scoring: 4, generating: 1 })).toEqual({ seconds: 2, isLeast: true });
});

test("each kind has a speed of its own", () => {
  const pace = createPace(0);
  pace.update(scoring(1000), "scoring", 10);
  pace.update({ scoring: 1000, generating: 10 }, "generating", 20);
  const left = pace.timeLeft({ scoring: 100, generating: 5 });
  expect(left).toEqual({ seconds: 6, isLeast: false });
});

test("what went long ago counts little", () => {
  const pace = createPace(0);
  pace.update(scoring(1000), "scoring", 1);
  for (let second = 2; second <= 1200; second++) {
    pace.update(scoring(1000 + 10 * (second - 1)), "scoring", second);
  }
  expect(pace.timeLeft(scoring(100))!.seconds).toBeCloseTo(10, 2);
});
