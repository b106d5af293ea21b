import { expect, test } from "vitest";
import { requestedThreads } from "./threadCount.js";

test("OMP_NUM_THREADS is a count, or one for each level", () => {
  expect(requestedThreads({})).toBeUndefined();
  expect(requestedThreads({ OMP_NUM_THREADS: " " })).toBeUndefined();
  expect(requestedThreads({ OMP_NUM_THREADS: "2" })).toBe(2);
  expect(requestedThreads({ OMP_NUM_THREADS: "4, 2" })).toBe(4);
});

test.each(["0", "-1", "abc", "100000", "1.5", "2;1"])("OMP_NUM_THREADS=%s is refused", (text) => {
  expect(() => requestedThreads({ OMP_NUM_THREADS: text })).toThrow(`OMP_NUM_THREADS=${text}`);
});
