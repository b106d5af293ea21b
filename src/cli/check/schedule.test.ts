/** What is said of learning rates and numbers of steps, and what is not. */
import { expect, test } from "vitest";
import { loadTrainingConfig, resolveForDevice } from "../../train/index.js";
import { checkSchedule } from "./schedule.js";

/** What is found in a run of so many micro-batches an epoch. */
function found(microBatches: number, totalSteps: number, ...flags: string[]): string[] {
  const { config } = resolveForDevice(
    loadTrainingConfig(undefined, [
      "--model_name_or_path=m",
      "--output_dir=o",
      "--train_file=t.jsonl",
      ...flags,
    ]).config,
    { device: "cpu", bf16: true, pagedMemory: false },
  );
  const stepsPerEpoch = Math.ceil(microBatches / config.gradient_accumulation_steps);
  return checkSchedule(config, { totalSteps, stepsPerEpoch }, microBatches).map(({ what }) => what);
}

const often = "--save_steps=50";

test("usual settings are passed over", () => {
  expect(found(100, 100, "--train_mode=full", "--learning_rate=2e-5", often)).toEqual([]);
  expect(found(100, 100, "--lora_rank=8", "--learning_rate=2e-4", often)).toEqual([]);
  expect(
    found(100, 100, "--lora_rank=8", "--learning_rate=2e-4", "--warmup_ratio=0.1", often),
  ).toEqual([]);
  // Fewer steps that were asked for.
  expect(
    found(100, 3, "--lora_rank=8", "--learning_rate=2e-4", "--max_steps=3", "--save_steps=1"),
  ).toEqual([]);
});

test.each<[string, number, number, string[], RegExp]>([
  [
    "the rate of an adapter in full fine-tuning",
    99,
    99,
    ["--train_mode=full", "--learning_rate=2e-4"],
    /^learning_rate 0.0002 is very high for full/,
  ],
  [
    "a rate of full fine-tuning for an adapter",
    99,
    99,
    ["--lora_rank=8", "--learning_rate=1e-6"],
    /^learning_rate 0.000001 is very low for an adapter/,
  ],
  [
    "a window longer than the epoch",
    6,
    3,
    ["--lora_rank=8", "--learning_rate=2e-4", "--gradient_accumulation_steps=8"],
    /only 6 micro-batches/,
  ],
  [
    "hardly a step",
    8,
    1,
    ["--lora_rank=8", "--learning_rate=2e-4", "--gradient_accumulation_steps=8"],
    /only 1 optimizer step$/,
  ],
  [
    "a warm-up of most of the run",
    99,
    99,
    ["--lora_rank=8", "--learning_rate=2e-4", "--warmup_steps=60"],
    /warm-up takes 60 of 99/,
  ],
  [
    "a cosine that stays at the bottom",
    99,
    99,
    [
      "--lora_rank=8",
      "--learning_rate=2e-4",
      "--lr_scheduler_type=polynomial",
      '--lr_scheduler_kwargs={"power":20}',
    ],
    /next to zero for \d+ of 99/,
  ],
])("%s is said", (_, microBatches, totalSteps, flags, what) => {
  expect(found(microBatches, totalSteps, "--save_steps=1", ...flags).join("\n")).toMatch(what);
});

test("a run without a checkpoint before its end is said", () => {
  expect(found(99, 99, "--lora_rank=8", "--learning_rate=2e-4", "--save_steps=100")).toEqual([
    "save_steps is 100, but the run has 99 steps: there is no checkpoint before its end",
  ]);
});
