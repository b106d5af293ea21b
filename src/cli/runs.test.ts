import { expect, it } from "vitest";
import type { RunDescription } from "../tracking/runs/index.js";
import { tableOf } from "./runs.js";

const run: RunDescription = {
  run_dir: ".",
  name: "学习率一号",
  state: "done",
  step: 10,
  total_steps: 20,
  epoch: 0.5,
  loss: 1.25,
  eval_loss: null,
  tokens_per_second: 99.6,
  model: "baichuan-7B",
  train_mode: "qlora",
  attempts: 1,
  started: 0,
  updated: 100,
};

it("shows a run in a line, by its name where that is not the name of its directory", () => {
  const { lines, leftOut } = tableOf([run, { ...run, state: "killed" }], 160);
  expect(leftOut).toEqual([]);
  expect(lines).toEqual([
    "RUN  NAME        STATE   STEP   LOSS    EVAL LOSS  TOKENS/S  LAST EVENT  MODEL",
    ".    学习率一号  done    10/20  1.2500  -          100       60 s ago    baichuan-7B (qlora)",
    ".    学习率一号  killed  10/20  1.2500  -          100       60 s ago    baichuan-7B (qlora)",
  ]);
});

it("leaves columns out where a terminal is too narrow, and says which", () => {
  const { lines, leftOut } = tableOf([run], 160, 40);
  expect(leftOut).toEqual(["MODEL", "LAST EVENT", "TOKENS/S", "EVAL LOSS"]);
  expect(lines[1]).toBe(".    学习率一号  done   10/20  1.2500");
  expect(tableOf([run], 160, 20).leftOut).toContain("NAME");
});
