import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTestModel } from "../generate/testModel.js";
import { liveTensors } from "../tensor/index.js";
import { openBenchmarks } from "./benchmarks.js";
import { loadTrainingConfig } from "./config/index.js";
import type { BenchmarkEvent, EventRow } from "./events/index.js";
import { readEvents, runTraining } from "./index.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-benchmarks-"));
const model = writeTestModel();
const eval_data_dir = path.join(work, "data");
const train_file = path.join(work, "rows.jsonl");
const task = "mmlu_abstract_algebra";

beforeAll(() => {
  for (const split of ["dev", "test"]) {
    const folder = path.join(eval_data_dir, "mmlu", split);
    mkdirSync(folder, { recursive: true });
    const rows = [
      "one,two,three,four,five,A",
      "six,one,two,three,four,B",
      "ten,one,two,three,four,D",
    ];
    writeFileSync(path.join(folder, `abstract_algebra_${split}.csv`), `${rows.join("\n")}\n`);
  }
  const rows = ["one", "two", "three", "four"].map((word) =>
    JSON.stringify({
      messages: [
        { role: "user", content: word },
        { role: "assistant", content: `${word} ${word}` },
      ],
    }),
  );
  writeFileSync(train_file, `${rows.join("\n")}\n`);
});
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

const load = (name: string, more: Record<string, unknown>) =>
  loadTrainingConfig(undefined, {
    model_name_or_path: model,
    train_file,
    output_dir: path.join(work, name),
    template_name: "firefly-classic",
    max_seq_length: 48,
    lora_rank: 2,
    lora_dropout: 0.1,
    lr_scheduler_type: "constant",
    use_cpu: true,
    logging_steps: 1,
    save_steps: 2,
    max_steps: 4,
    per_device_train_batch_size: 1,
    ...more,
  });

const tasks = { eval_tasks: task, eval_limit: 2, eval_num_fewshot: 1 };

const eventsOf = (name: string) => readEvents(path.join(work, name, "events.jsonl"));
const scored = (name: string) =>
  eventsOf(name).filter((row): row is EventRow<BenchmarkEvent> => row.type === "benchmark");
const losses = (name: string) =>
  eventsOf(name).flatMap((row) => (row.type === "step" ? [[row.loss, row.grad_norm]] : []));

describe("eval_tasks", () => {
  it("scores the model at each evaluation, and training goes on as without", async () => {
    const asked = { ...tasks, eval_data_dir, eval_strategy: "steps", eval_steps: 2 };
    const before = liveTensors();
    await runTraining(load("scored", { ...asked, eval_on_start: true }));
    expect(liveTensors()).toBe(before);
    const rows = scored("scored");
    expect(rows.map(({ step, questions }) => [step, questions])).toEqual([
      [0, 2],
      [2, 2],
      [4, 2],
    ]);
    for (const { scores, protocol } of rows) {
      expect(protocol).toBe("lm-eval");
      expect(Object.keys(scores)).toEqual([task]);
      expect([0, 0.5, 1]).toContain(scores[task]!["acc,none"]);
    }
    await runTraining(load("alone", {}));
    expect(losses("scored")).toEqual(losses("alone"));
  });

  it("scores once after the last step where there are no evaluations", async () => {
    await runTraining(load("last", { ...tasks, eval_data_dir }));
    expect(scored("last").map(({ step }) => step)).toEqual([4]);
  });

  it("tells each step's scores once, also where a run is resumed", async () => {
    const asked = { ...tasks, eval_data_dir, eval_strategy: "steps", eval_steps: 1 };
    await runTraining(load("resumed", { ...asked, max_steps: 2 }));
    await runTraining(load("resumed", { ...asked, resume_from_checkpoint: true }));
    expect(scored("resumed").map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    await runTraining(load("through", asked));
    const scores = (name: string) => scored(name).map((row) => row.scores);
    expect(scores("resumed")).toEqual(scores("through"));
    expect(losses("resumed")).toEqual(losses("through"));
  });

  it.each([
    [{ ...tasks, eval_tasks: "mmlu_algebra" }, /there is no task mmlu_algebra/],
    [{ ...tasks, eval_data_dir: "/nowhere" }, /\/nowhere is not a directory/],
    [{ ...tasks, eval_tasks: "mmlu_anatomy" }, /anatomy.* is missing/],
    [{ ...tasks, eval_num_fewshot: 9 }, /has no 9 examples/],
  ])("%j is refused before training", async (more, message) => {
    const asked = load("refused", { eval_data_dir, ...more });
    await expect(runTraining(asked)).rejects.toThrow(message);
    expect(eventsOf("refused")).toEqual([]);
  });

  it("counts what is asked", async () => {
    const { config } = load("counted", { eval_tasks: task, eval_data_dir });
    expect(await openBenchmarks(config)).toMatchObject({ questions: 3 });
    expect(await openBenchmarks(load("none", {}).config)).toBeUndefined();
  });
});
