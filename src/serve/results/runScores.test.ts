/** Scores that a run has measured while it trained stand among the evaluations. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { createRunTable } from "../runs/index.js";
import { createResultTable, withRunScores } from "./index.js";

const root = realpathSync(mkdtempSync(join(tmpdir(), "tunewright-run-scores-")));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const event = (row: object) => `${JSON.stringify({ time: 5, attempt: 1, ...row })}\n`;
const scores = (step: number, acc: number) => {
  const quiz = { "acc,none": acc, "acc_stderr,none": 0.1 };
  const rest = { protocol: "lm-eval", questions: 44, seconds: 1 };
  return event({ type: "benchmark", step, epoch: step / 9, scores: { quiz }, ...rest });
};

it("the newest of a run beside those from before its first step", async () => {
  const run = join(root, "first");
  mkdirSync(run);
  const start = {
    type: "start",
    step: 0,
    total_steps: 9,
    run_name: null,
    model: "m",
    train_mode: "lora",
  };
  writeFileSync(
    join(run, "events.jsonl"),
    event(start) + scores(0, 0.25) + scores(5, 0.4) + scores(9, 0.5),
  );
  const runs = createRunTable({ roots: [root], isOurs: () => false, begun: () => [] });
  const results = withRunScores(createResultTable([root], runs.directories), runs);
  const [first, ...others] = await results.list();
  expect(others).toEqual([]);
  expect(first).toMatchObject({
    name: "first, while it trained",
    base: "m",
    step: 9,
    tasks: 1,
    scores: [{ benchmark: "quiz", score: 0.5, error: 0.1, base_score: 0.25 }],
  });
  expect(await results.ofRun(first!.run!)).toEqual([first!.id]);
  const detail = await results.detail(first!.id);
  expect(detail?.rows).toMatchObject([
    { label: "quiz", difference: 0.25, questions: 44, is_share: true },
  ]);
  expect(detail?.notes[0]?.en).toMatch(/44 questions/);
  const asked = { task: undefined, metric: undefined, show: "all", offset: 0, limit: 9 } as const;
  expect(await results.questions(first!.id, undefined, asked)).toEqual({ total: 0, questions: [] });
  expect(await results.detail("nothing")).toBeUndefined();
});
