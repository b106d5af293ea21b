import { expect, it } from "vitest";
import { withLive } from "./useCurves";

const point = (step: number, metrics: Record<string, number | null>) => {
  return { type: "point" as const, step, epoch: null, time: 0, tokens: 0, metrics };
};
const stepOf = ({ step }: { step: number }) => step;

it("goes on where the fetched curves end, without repeating what they have", () => {
  const curves = { "train/loss": { x: [1, 2], y: [3, 2], points: 2, unit: "nats per token" } };
  const live = [point(2, { "train/loss": 2 }), point(3, { "train/loss": null, "eval/loss": 5 })];
  const longer = withLive(curves, live, stepOf);
  expect(longer["train/loss"]).toMatchObject({ x: [1, 2, 3], y: [3, 2, null], points: 3 });
  expect(longer["eval/loss"]).toMatchObject({ x: [3], y: [5] });
  expect(curves["train/loss"].x, "what was fetched stays").toEqual([1, 2]);
});
