import { afterEach, expect, it } from "vitest";
import { type CallCounts, countCalls, tensor, tidy } from "./index.js";

let stop = () => {};
afterEach(() => stop());

function counted(body: () => void): CallCounts {
  const counting = countCalls();
  stop = counting.stop;
  tidy(body);
  counting.stop();
  return counting.counts;
}

it("counts operators by name, uploads and reads", () => {
  const counts = counted(() => {
    const a = tensor([1, 2, 3]);
    const b = a.add(1).add(a);
    b.sum(null).item();
    b.bytes();
  });
  expect(counts).toEqual({ operators: { add: 2, sum: 1 }, calls: 3, uploads: 1, reads: 2 });
});

it("counts nothing before and after", () => {
  const counts = counted(() => tensor([1]));
  tidy(() => tensor([1]).add(1).item());
  expect(counts).toEqual({ operators: {}, calls: 0, uploads: 1, reads: 0 });
});

it("leaves the addon as it was where the counted calls fail", () => {
  expect(() => counted(() => tensor([1, 2]).item())).toThrow("no single value");
  stop();
  expect(tidy(() => tensor([2]).item())).toBe(2);
});
