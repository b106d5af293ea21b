import { expect, test } from "vitest";
import { loadTrainingConfig } from "../train/config/index.js";
import { describeStoppedRun } from "./stoppedRun.js";

const run = { steps: 7, saveOnlyModel: false, overwrites: false };
const words = ["run.yaml", "--train_file", "my rows.jsonl"];

test("the command to resume with can be pasted into a shell", () => {
  expect(describeStoppedRun("./tunewright", words, run)).toBe(
    "Stopped at step 7 and saved a checkpoint. Resume with: " +
      "./tunewright train run.yaml --train_file 'my rows.jsonl' --resume",
  );
});

test("a run that was resumed already is resumed once more, not twice", () => {
  const resumed = [...words, "--resume"];
  expect(describeStoppedRun("t", resumed, run).match(/--resume/g)).toHaveLength(1);
});

test("a run that overwrote an older one goes on instead of contradicting itself", () => {
  const flags = ["--output_dir=o", "--model_name_or_path=m", "--train_file=f"];
  const text = describeStoppedRun("t", [...flags, "--overwrite_output_dir"], {
    ...run,
    overwrites: true,
  });
  const again = text.slice(text.indexOf("t train ") + "t train ".length).split(" ");
  const { config } = loadTrainingConfig(undefined, again);
  expect(config).toMatchObject({ resume_from_checkpoint: true, overwrite_output_dir: false });
});

test("says if no step was completed, and if training cannot resume", () => {
  expect(describeStoppedRun("t", words, { ...run, steps: 0 })).toMatch(
    /^Stopped before the first step\. Resume/,
  );
  const lost = describeStoppedRun("t", words, { ...run, saveOnlyModel: true });
  expect(lost).toContain("save_only_model");
  expect(lost).not.toContain("Resume with");
});
