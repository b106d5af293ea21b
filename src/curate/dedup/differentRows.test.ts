/** Rows that differ are kept, however much they share; copies of them go. */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { testFolder } from "../../data/testFiles.js";
import { type DedupOptions, dedupFiles } from "./dedup.js";

interface Planted {
  rows: object[];
  /** Of each row: the one that it is a copy of. */
  sources: number[];
}

interface Scenarios {
  SCENARIOS: Record<string, unknown>;
  scenarioRows(name: string, count: number): Planted;
  nearDuplicates(count: number, rate: number): Planted;
  judge(
    sources: readonly number[],
    removed: readonly [number, number][],
  ): { kept: number; different: number; wrong: number; missed: number };
}

const path = new URL("../../../bench/dedup/scenarios.mjs", import.meta.url).href;
const { SCENARIOS, scenarioRows, nearDuplicates, judge } = (await import(path)) as Scenarios;

const folder = testFolder();
afterAll(() => folder.remove());

async function outcome({ rows, sources }: Planted, options: Partial<DedupOptions> = {}) {
  const file = folder.write("planted.jsonl", rows);
  const out = folder.path("unique.jsonl");
  const report = await dedupFiles([file], out, { threads: 1, ...options });
  expect(report.written).toBe(true);
  const rejected = readFileSync(report.rejectedFile, "utf8").split("\n").filter(Boolean);
  const removed = rejected.map((line): [number, number] => {
    const { line: gone, kept } = JSON.parse(line) as { line: number; kept: { line: number } };
    return [gone - 1, kept.line - 1];
  });
  return judge(sources, removed);
}

describe.each(["minhash", "simhash", "exact"] as const)("by %s", (method) => {
  test.each(Object.keys(SCENARIOS))("%s: the copies go and nothing else", async (name) => {
    for (const count of [20, 60]) {
      const planted = scenarioRows(name, count);
      const found = await outcome(planted, { parameters: { method } });
      expect(found).toMatchObject({ wrong: 0, missed: 0, kept: count });
    }
  });
});

test("near duplicates go, under a system prompt that all rows share", async () => {
  const found = await outcome(nearDuplicates(200, 0.01));
  expect(found.wrong).toBe(0);
  expect(found.missed).toBeLessThanOrEqual(2);
});
