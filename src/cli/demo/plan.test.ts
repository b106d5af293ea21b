import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTrainingConfig } from "../../train/config/index.js";
import { packageRoot } from "../../util/packageRoot.js";
import { firstOfEach, planDemo } from "./plan.js";

const root = packageRoot();
const questions = JSON.parse(
  readFileSync(join(root, "examples/demo/questions.json"), "utf8"),
) as string[];

test.each(["fitted", "full", "quick"] as const)(
  "%s: its files exist and its configuration is valid",
  (size) => {
    const plan = planDemo(size, root, "output/demo", root);
    const files = [plan.trainFile, plan.heldOutFile, plan.questionsFile, plan.configFile];
    for (const file of files) expect(existsSync(join(root, file)), file).toBe(true);
    const { config } = loadTrainingConfig(join(root, plan.configFile), plan.overrides);
    expect(config).toMatchObject({
      train_mode: "qlora",
      train_file: [plan.trainFile],
      eval_file: [plan.heldOutFile],
      eval_on_start: true,
      do_eval: true,
      overwrite_output_dir: true,
    });
  },
);

test("the full demo is what train does with the same file", () => {
  const plan = planDemo("full", root, "output/demo", root);
  const { config } = loadTrainingConfig(join(root, plan.configFile));
  const told = loadTrainingConfig(join(root, plan.configFile), plan.overrides).config;
  expect({ ...told, overwrite_output_dir: false }).toEqual(config);
});

test("the quick demo learns from the first rows of the full one", () => {
  const read = (size: "full" | "quick") =>
    readFileSync(join(root, planDemo(size, root, "o", root).trainFile), "utf8");
  expect(read("quick").split("\n")).toHaveLength(49);
  expect(read("full").startsWith(read("quick"))).toBe(true);
});

test("the quick demo asks in both languages, the full one everything", () => {
  const all = planDemo("full", root, "o").questions(questions);
  expect([...all].sort()).toEqual([...questions].sort());
  expect(all.slice(0, 3)).toEqual(firstOfEach(questions, { english: 2, chinese: 1 }));
  expect(planDemo("quick", root, "o").questions(questions)).toEqual(
    firstOfEach(questions, { english: 2, chinese: 1 }),
  );
  expect(firstOfEach(["a", "甲", "b", "乙", "c"], { english: 2, chinese: 1 })).toEqual([
    "a",
    "b",
    "甲",
  ]);
});

test("from another folder the data are still found", () => {
  const plan = planDemo("full", root, "output/demo", "/");
  expect(join("/", plan.trainFile)).toBe(join(root, "examples/demo/train.jsonl"));
  expect(existsSync(planDemo("full", root, "o", "/somewhere/else").configFile)).toBe(true);
});
