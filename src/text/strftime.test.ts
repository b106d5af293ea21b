import { expect, test } from "vitest";
import { strftime } from "./strftime.js";

// Each value is what Python's datetime(…).strftime gives in the C locale.
test.each([
  ["%d %b %Y", "05 Mar 2026"],
  ["%Y-%m-%d", "2026-03-05"],
  ["%A, %B %-d, %y", "Thursday, March 5, 26"],
  ["%a %e %I:%M:%S %p", "Thu  5 02:07:09 PM"],
  ["%H:%M %j", "14:07 064"],
  ["100%% %Q", "100% %Q"],
])("formats %j as Python does", (format, expected) => {
  expect(strftime(new Date(2026, 2, 5, 14, 7, 9), format)).toBe(expected);
});

test("knows noon, midnight and the last day of a leap year", () => {
  expect(strftime(new Date(2024, 11, 31, 0, 0), "%I %p %j")).toBe("12 AM 366");
  expect(strftime(new Date(2024, 0, 1, 12, 0), "%I %p %j")).toBe("12 PM 001");
});
