import { expect, it } from "vitest";
import { readCommandLine } from "./commandLine.js";

const read = (text: string) =>
  readCommandLine("train.sh", text)?.map(({ key, value, line }) => [key, value, line]);

it("reads the arguments of a command over several lines", () => {
  const script = [
    "# swift sft --model old",
    "CUDA_VISIBLE_DEVICES=0 \\",
    "swift sft \\",
    "    --model some/model \\",
    "    --dataset 'a#500' \\",
    "              b.jsonl \\",
    '    --system "You are helpful." \\',
    "    --learning-rate=1e-4 \\",
    "    --packing",
    "echo done --not an argument",
  ].join("\n");
  expect(read(script)).toEqual([
    ["model", "some/model", 4],
    ["dataset", ["a#500", "b.jsonl"], 5],
    ["system", "You are helpful.", 7],
    ["learning_rate", "1e-4", 8],
    ["packing", true, 9],
  ]);
});

it("takes neither the launcher's arguments nor what follows the command", () => {
  const launch = "accelerate launch --num_processes 2 -m trl sft --lora_r 4 --packing; echo --x";
  expect(read(launch)).toEqual([
    ["lora_r", "4", 1],
    ["packing", true, 1],
  ]);
  const script = "swift sft \\\n --model m \\\n --eos_token '<|im_end|>' \\\n --lora_rank 8 ";
  for (const rest of ["| tee log.txt", "> log 2>&1 &", "2>&1 | tee x", "# --x \\", "&& echo --y"]) {
    expect(read(script + rest)).toEqual([
      ["model", "m", 2],
      ["eos_token", "<|im_end|>", 3],
      ["lora_rank", "8", 4],
    ]);
  }
});

it("leaves other files alone, and refuses variables by name", () => {
  expect(read("output_dir: out\nrun_name: trl sft --x 1\n# --x\n")).toBeUndefined();
  expect(() => read("trl sft --output_dir $OUT")).toThrow(/train\.sh:1: output_dir/);
});
