/** Evaluations written into a folder, as `eval --output` leaves them, and what the page is told of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createResultTable } from "./resultTable.js";
import { writeEvaluation } from "./testEvaluation.js";

const folder = mkdtempSync(path.join(tmpdir(), "tunewright-results-"));
const run = path.join(folder, "runs/first");
const table = createResultTable(
  [path.join(folder, "runs"), path.join(folder, "results")],
  async () => [{ id: "run1", directory: run }],
);

beforeAll(async () => {
  mkdirSync(path.join(run, "checkpoint-4"), { recursive: true });
  const adapter = path.join(run, "checkpoint-4");
  await writeEvaluation(path.join(folder, "results/tuned"), "B", {
    model: "small",
    adapter_paths: [adapter],
  });
  await writeEvaluation(path.join(folder, "results/tuned/base"), "A", {
    model: "small",
    adapter_paths: [],
  });
  await writeEvaluation(path.join(folder, "results/other"), "C", {
    model: "small",
    adapter_paths: [],
  });
  mkdirSync(path.join(folder, "results/broken"));
  writeFileSync(path.join(folder, "results/broken/results.json"), '{"results": {');
});
afterAll(async () => {
  await table.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("evaluations on the disk", () => {
  const byName = async (name: string) => (await table.list()).find((one) => one.name === name)!;

  test("are listed with their model, base and run; a base is no evaluation of its own", async () => {
    const names = (await table.list()).map(({ name }) => name).sort();
    expect(names).toEqual(["other", "tuned"]);
    expect(await byName("tuned")).toMatchObject({
      model: "first/checkpoint-4",
      base: "small",
      run: "run1",
      step: 4,
      date: 1000,
    });
    expect(await table.ofRun("run1")).toEqual([(await byName("tuned")).id]);
    expect((await byName("other")).base).toBeNull();
  });

  test("count gained and lost questions as their lists show them", async () => {
    const { id } = await byName("tuned");
    const detail = (await table.detail(id))!;
    const rows = detail.rows.filter(({ gained }) => gained !== null);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      for (const show of ["gained", "lost"] as const) {
        const { total } = (await table.questions(id, undefined, {
          task: row.task ?? row.benchmark,
          metric: row.metric,
          show,
          offset: 0,
          limit: 50,
        }))!;
        expect(total, `${row.task} ${row.metric} ${show}`).toBe(row[show]);
      }
      expect(row.difference).toBeCloseTo(row.score - row.base_score!, 12);
    }
  });

  test("show questions with both answers and the probabilities of choices", async () => {
    const { id } = await byName("tuned");
    const filter = {
      task: undefined,
      metric: undefined,
      show: "all",
      offset: 0,
      limit: 2,
    } as const;
    const { questions, total } = (await table.questions(id, undefined, filter))!;
    expect(questions).toHaveLength(2);
    expect(total).toBeGreaterThan(2);
    expect(questions[0]).toMatchObject({ answer: "B", base_answer: "A" });
    const choices = questions[0]!.choices!;
    const sum = choices.reduce((whole, { probability }) => whole + probability!, 0);
    expect(sum).toBeCloseTo(1, 10);
    expect(choices.find(({ text }) => text === "B")!.probability).toBeGreaterThan(0.5);
    expect(choices.find(({ text }) => text === "A")!.base_probability).toBeGreaterThan(0.5);
  });

  test("can be compared with each other, and reported", async () => {
    const [{ id }, { id: other }] = [await byName("tuned"), await byName("other")];
    const detail = (await table.detail(id, other))!;
    expect(detail.base).toBe("other");
    expect(detail.rows[0]!.base_score).not.toBeNull();
    expect(detail.notes.length).toBeGreaterThan(0);
    const page = (await table.report(id, other, "zh"))!;
    expect(page).toMatch(/^<!doctype html>/i);
    expect(page).toContain("zh");
  });

  test("that do not exist are not there, whatever their id looks like", async () => {
    for (const id of ["", "../tuned", "0000000000000000", folder]) {
      expect(await table.detail(id)).toBeUndefined();
    }
    const { id } = await byName("tuned");
    expect(await table.detail(id, "nothing")).toBeUndefined();
  });
});
