import { expect, it } from "vitest";
import { editDistance } from "../../util/editDistance.js";
import { ConfigError } from "../../util/errors.js";
import { parseFlags } from "./input.js";

const values = (line: string) =>
  Object.fromEntries(parseFlags(line.split(" ")).map(({ key, value }) => [key, value]));

it.each([
  ["--fp16", { fp16: true }],
  ["--no-fp16", { fp16: false }],
  ["--no_fp16", { fp16: false }],
  ["--fp16 false --seed 1", { fp16: "false", seed: "1" }],
  ["--fp16=false", { fp16: "false" }],
  ["--max_steps -1", { max_steps: "-1" }],
  ["--learning-rate=2e-4", { learning_rate: "2e-4" }],
  ["--train_file a b --seed 1", { train_file: ["a", "b"], seed: "1" }],
  ["--train_file a --train-file b", { train_file: ["a", "b"] }],
  ["--seed 1 --seed 2", { seed: "2" }],
  ["--resume", { resume_from_checkpoint: true }],
  ["--resume out/checkpoint-5", { resume_from_checkpoint: "out/checkpoint-5" }],
  ["--resume --seed 3", { resume_from_checkpoint: true, seed: "3" }],
  ["--evaluation-strategy no", { eval_strategy: "no" }],
  ["--no-cuda", { use_cpu: true }],
  ["--push_to_hub", { push_to_hub: true }],
  ["--run_name a=b", { run_name: "a=b" }],
  ["--run_name=a=b", { run_name: "a=b" }],
])("%s", (line, expected) => {
  expect(values(line)).toEqual(expected);
});

it.each(["seed 1", "--seed", "--learning_rate --fp16", "--fp16 maybe", "-s 1"])(
  "%s is refused",
  (line) => {
    expect(() => parseFlags(line.split(" "))).toThrow(ConfigError);
  },
);

it("a swap of neighbours is one edit", () => {
  expect(editDistance("lora_alhpa", "lora_alpha")).toBe(1);
  expect(editDistance("", "abc")).toBe(3);
  expect(editDistance("kitten", "sitting")).toBe(3);
});
