import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { setThreads, threads } from "../tensor/index.js";
import { measurePeak, peakRate } from "./peakRate.js";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tunewright-rates-"));
  file = path.join(folder, "deep/rates.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

const stored = () => JSON.parse(readFileSync(file, "utf8")) as Record<string, { rate: number }>;

test("a rate is measured once and read from then on", () => {
  const first = peakRate("cpu", "float32", file);
  expect(first).toBeGreaterThan(1e8);
  const [key] = Object.keys(stored());
  expect(key).toMatch(/^cpu, .*threads, torch 2\..*, float32$/);
  writeFileSync(file, JSON.stringify({ [key!]: { size: 512, rate: 1234 } }));
  expect(peakRate("cpu", "float32", file)).toBe(1234);
  expect(readdirSync(path.dirname(file))).toEqual(["rates.json"]);
});

test("a measurement raises what is kept, and never lowers it", () => {
  peakRate("cpu", "float32", file);
  const [key] = Object.keys(stored());
  const keep = (rate: number) =>
    writeFileSync(file, JSON.stringify({ [key!]: { size: 512, rate }, other: { rate: 7 } }));
  keep(5);
  const { rate } = measurePeak("cpu", "float32", file);
  expect(stored()).toMatchObject({ [key!]: { rate }, other: { rate: 7 } });
  keep(1e30);
  expect(measurePeak("cpu", "float32", file).rate).toBeLessThan(1e20);
  expect(peakRate("cpu", "float32", file)).toBe(1e30);
});

test("another number of threads is another rate", () => {
  peakRate("cpu", "float32", file);
  const before = threads();
  setThreads(before === 1 ? 2 : 1);
  try {
    peakRate("cpu", "float32", file);
    expect(Object.keys(stored())).toHaveLength(2);
  } finally {
    setThreads(before);
  }
});

test.each(["null", '{"a": 3}', "{ torn"])("a file of %j is measured again", (text) => {
  peakRate("cpu", "float32", file);
  writeFileSync(file, text);
  expect(peakRate("cpu", "float32", file)).toBeGreaterThan(1e8);
});

test("a folder that cannot be written costs a measurement each time, and no error", () => {
  writeFileSync(path.join(folder, "deep"), "a file");
  expect(peakRate("cpu", "float32", file)).toBeGreaterThan(1e8);
});
