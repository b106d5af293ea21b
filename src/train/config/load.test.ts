import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../util/errors.js";
import { loadTrainingConfig } from "./load.js";

const folder = mkdtempSync(join(tmpdir(), "tunewright-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const base = { output_dir: "out", model_name_or_path: "m", train_file: "t.jsonl" };

function fileOf(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content, null, 1));
  return file;
}

/** The error that `action` throws, in one text. */
function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.why).toBeTruthy();
    expect(error.todo).toBeTruthy();
    const all = [error, ...error.others];
    return all.flatMap(({ message, why, todo }) => [message, why, todo]).join(" | ");
  }
  throw new Error("expected a ConfigError");
}

const load = (options: Record<string, unknown>) =>
  loadTrainingConfig(undefined, { ...base, ...options });

/** The file that started the project (design.md, section 4). */
const seed = `{ "output_dir": "output/firefly-baichuan-7b-1000000", "model_name_or_path": "baichuan-7B", "cache_dir": "cache_model",
  "train_file": "./data/moss-003-sft-data.jsonl", "num_train_epochs": 1, "per_device_train_batch_size": 16,
  "gradient_accumulation_steps": 2, "learning_rate": 2e-4, "max_seq_length": 1024, "logging_steps": 50, "save_steps": 100,
  "save_total_limit": 1, "lr_scheduler_type": "constant_with_warmup", "warmup_steps": 1000, "lora_rank": 64, "lora_alpha": 16,
  "lora_dropout": 0.05, "bits": 4, "gradient_checkpointing": true, "disable_tqdm": false, "optim": "paged_adamw_32bit",
  "seed": 42, "fp16": true, "report_to": "wandb", "dataloader_num_workers": 0, "save_strategy": "steps", "weight_decay": 0,
  "max_grad_norm": 0.3, "remove_unused_columns": false, "do_eval": false, "evaluation_strategy": "no" }`;

describe("the file that started the project", () => {
  const file = fileOf("seed.json", seed);

  it("runs with report_to none, each key with its value", () => {
    const { config, origins, notes } = loadTrainingConfig(file, ["--report_to", "none"]);
    expect(notes).toEqual(["train_mode is qlora, because bits is 4."]);
    expect(config).toMatchObject({
      output_dir: "output/firefly-baichuan-7b-1000000",
      cache_dir: "cache_model",
      train_file: ["./data/moss-003-sft-data.jsonl"],
      train_mode: "qlora",
      bits: 4,
      learning_rate: 2e-4,
      warmup_steps: 1000,
      lora_rank: 64,
      optim: "paged_adamw_32bit",
      eval_strategy: "no",
      report_to: [],
      data_seed: 42,
      max_steps: -1,
    });
    expect(origins).toMatchObject({ bits: "file", report_to: "flag", train_mode: "derived" });
    expect(origins.adam_beta1).toBe("default");
  });

  it("runs unchanged, report_to included", () => {
    const { config, notes } = loadTrainingConfig(file);
    expect(config.report_to).toEqual(["wandb"]);
    expect(notes.join("\n")).not.toMatch(/report_to/);
  });

  it("takes flags over the file, in kebab and snake case", () => {
    const flags = "--max-steps 20 --train_file=a.jsonl --train-file b.jsonl --no-fp16 --bf16";
    const { config, origins } = loadTrainingConfig(file, [...flags.split(" "), "--report-to=none"]);
    expect(config).toMatchObject({ max_steps: 20, fp16: false, bf16: true });
    expect(config.train_file).toEqual(["a.jsonl", "b.jsonl"]);
    expect(origins).toMatchObject({ max_steps: "flag", fp16: "flag", seed: "file" });
  });
});

describe("YAML", () => {
  it("reads as JSON does, with numbers as text and the word no", () => {
    const yaml = [
      "# a comment",
      "output_dir: out",
      "model_name_or_path: m",
      "train_file: [a.jsonl, b.jsonl]",
      'learning_rate: "2e-4"',
      "weight_decay: 1e-2",
      "save_strategy: no",
      "fp16: yes",
      "eval_file:",
      "lr_scheduler_type: cosine",
      "lr_scheduler_kwargs: { num_cycles: 1.5 }",
    ].join("\n");
    const { config } = loadTrainingConfig(fileOf("run.yaml", yaml));
    expect(config).toMatchObject({
      train_file: ["a.jsonl", "b.jsonl"],
      learning_rate: 2e-4,
      weight_decay: 0.01,
      save_strategy: "no",
      fp16: true,
      eval_file: null,
      lr_scheduler_kwargs: { num_cycles: 1.5 },
    });
  });

  it("names the line of a mistake", () => {
    const broken = fileOf("broken.yaml", "output_dir: out\ntrain_file: [a\nbits: 4\n");
    expect(refusal(() => loadTrainingConfig(broken))).toMatch(/broken\.yaml:\d is not valid YAML/);
    const twice = fileOf("twice.yaml", "seed: 1\noutput_dir: out\nseed: 2\n");
    expect(refusal(() => loadTrainingConfig(twice))).toMatch(/twice\.yaml:3/);
  });
});

describe("a file that is not a configuration", () => {
  it.each([
    ["missing.json", undefined, /Cannot read/],
    ["comma.json", '{\n "seed": 1,\n}', /comma\.json:3 is not valid JSON/],
    ["cut.json", '{\n "seed": 1,\n "bits"', /cut\.json:3 is not valid JSON/],
    ["twice.json", '{\n "seed": 1,\n "seed": 2 }', /twice\.json:3/],
    ["list.json", "[1]", /single object/],
    ["empty.yaml", "", /single object/],
  ])("%s is refused", (name, content, expected) => {
    const file = content === undefined ? join(folder, name) : fileOf(name, content);
    expect(refusal(() => loadTrainingConfig(file))).toMatch(expected);
  });
});

it("sample_prompts are texts with commas and all, one or several", () => {
  expect(load({ sample_prompts: "Well, who are you?" }).config.sample_prompts).toEqual([
    "Well, who are you?",
  ]);
  const flags = ["--sample-prompts", "a, b", "c", "--sample_max_new_tokens", "9"];
  const given = loadTrainingConfig(fileOf("prompts.json", base), flags);
  expect(given.config).toMatchObject({ sample_prompts: ["a, b", "c"], sample_max_new_tokens: 9 });
  expect(load({ sample_max_new_tokens: 9 }).notes).toContain(
    "sample_max_new_tokens: no effect without sample_prompts or sample_dialogue.",
  );
});

describe("unknown keys", () => {
  it.each([
    ["learning_rte", "learning_rate"],
    ["lora_alhpa", "lora_alpha"],
    ["per_device_batch_size", "per_device_train_batch_size"],
    ["lora_r", "lora_rank"],
    ["cutoff_len", "max_seq_length"],
  ])("%s suggests %s", (name, nearest) => {
    const file = fileOf("unknown.json", { ...base, [name]: 1 });
    const text = refusal(() => loadTrainingConfig(file));
    expect(text).toContain(`Unknown key ${name} (${file}:5)`);
    expect(text).toContain(`Did you mean ${nearest}?`);
  });

  it("says no name where none is near", () => {
    expect(refusal(() => load({ zzzzzzzzzz: 1 }))).not.toContain("Did you mean");
  });
});

describe("wrong values", () => {
  it.each([
    [{ learning_rate: "fast" }, /learning_rate: expected a number > 0, got "fast"/],
    [{ learning_rate: 0 }, /number > 0/],
    [{ learning_rate: "0x10" }, /number > 0/],
    [{ learning_rate: Number.NaN }, /number > 0/],
    [{ max_steps: 0 }, /-1, or an integer >= 1/],
    [{ seed: 1.5 }, /an integer/],
    [{ fp16: "maybe" }, /true or false/],
    [{ lr_scheduler_type: "cosin" }, /linear \| cosine/],
    [{ train_file: 7 }, /list of strings/],
    [{ train_file: [] }, /train_file/],
    [{ lr_scheduler_kwargs: "3" }, /object of numbers/],
  ])("%j is refused", (options, expected) => {
    expect(refusal(() => load(options))).toMatch(expected);
  });

  it("a missing key is named", () => {
    expect(refusal(() => loadTrainingConfig(undefined, { seed: 1 }))).toMatch(
      /model_name_or_path is missing .*train_file is missing.*output_dir is missing/,
    );
  });
});

describe("train_file", () => {
  it("takes sources of a mixture from a file and as JSON text of a flag", () => {
    const file = fileOf(
      "mixture.yaml",
      "train_file:\n  - { path: a.jsonl, weight: 3, limit: 10 }\n  - b.jsonl\n",
    );
    const rest = ["--output_dir", "out", "--model_name_or_path", "m"];
    expect(loadTrainingConfig(file, rest).config.train_file).toEqual([
      { path: ["a.jsonl"], weight: 3, limit: 10 },
      "b.jsonl",
    ]);
    const words = ["--train_file", '{"path": ["c.jsonl", "d.jsonl"], "repeat": 0.5}', "e.jsonl"];
    expect(loadTrainingConfig(undefined, [...rest, ...words]).config.train_file).toEqual([
      { path: ["c.jsonl", "d.jsonl"], repeat: 0.5 },
      "e.jsonl",
    ]);
  });

  it.each([
    [{ path: "a.jsonl", weight: 0 }],
    [{ path: "a.jsonl", limit: 1.5 }],
    [{ path: "a.jsonl", sample: "last" }],
    [{ path: "a.jsonl", wieght: 1 }],
    [{ weight: 1 }],
  ])("%j is no source", (source) => {
    expect(refusal(() => load({ train_file: [source] }))).toMatch(/train_file/);
  });

  it("streams need max_steps and have no shares", () => {
    const stream = { streaming: true, train_file: "-" };
    expect(refusal(() => load(stream))).toMatch(/streaming .* requires max_steps/);
    const shares = { ...stream, max_steps: 5, train_file: [{ path: "-", limit: 5 }] };
    expect(refusal(() => load(shares))).toMatch(/contradict/);
    expect(load({ ...stream, max_steps: 5 }).config.train_file).toEqual(["-"]);
    expect(load({ shuffle_buffer_size: 5 }).notes.join()).toMatch(/no effect without streaming/);
  });
});

describe("refused keys give their reason", () => {
  it.each([
    [{ task_type: "dpo" }, /supervised/],
    [{ bits: 8 }, /8-bit/],
    [{ label_smoothing_factor: 0.1 }, /cross-entropy/],
    [{ neftune_noise_alpha: 5 }, /Noise/],
    [{ report_to: "paper" }, /No experiment tracker/i],
    [{ report_to: "tensorbord" }, /Did you mean tensorboard/],
    [{ report_to: "wandb,none" }, /none means no tracker/],
    [{ optim: "adafactor" }, /adamw_torch/],
    [{ lr_scheduler_type: "warmup_stable_decay" }, /schedule of transformers/],
  ])("%j", (options, expected) => {
    expect(refusal(() => load(options))).toMatch(expected);
  });

  it("and are accepted when they ask for nothing", () => {
    const quiet = { deepspeed: "", fsdp: [], push_to_hub: "false", use_unsloth: false, tf32: null };
    expect(load(quiet).notes).toHaveLength(1);
  });

  it.each([
    [{ group_by_length: true }, /packed without padding/],
    [{ deepspeed: "ds.json" }, /single process/],
    [{ use_unsloth: true }, /built in/],
    [{ push_to_hub: true }, /nothing is uploaded/],
    [{ torch_compile: true }, /compile/],
    [{ save_safetensors: false }, /safetensors/],
    [{ report_to: ["comet_ml"] }, /report_to comet_ml: no effect, it is not supported/],
    [{ optim: "adamw_hf" }, /adamw_torch here/],
  ])("%j cannot change the result, and gets a line", (options, expected) => {
    expect(load(options).notes.join("\n")).toMatch(expected);
  });

  it.each([false, "no", "None", "NONE", "false", "", [], ["none"], "off"])(
    "report_to %j means no tracker",
    (value) => {
      const { config, notes } = load({ report_to: value });
      expect(config.report_to).toEqual([]);
      expect(notes.join()).not.toMatch(/report_to/);
    },
  );

  it("and secrets are not shown", () => {
    const { notes } = load({ hub_token: "hf_abc", push_to_hub_token: "hf_def" });
    expect(notes.join()).toMatch(/hub_token \(not shown\): no effect/);
    expect(notes.join()).not.toMatch(/hf_/);
  });

  it("all at once, each with its line", () => {
    const file = fileOf(
      "many.yaml",
      [
        "output_dir: out",
        "train_file: t.jsonl",
        "learning_rte: 1",
        "label_smoothing_factor: 0.1",
        "seed: 1.5",
        "lora_alhpa: 4",
      ].join("\n"),
    );
    const text = refusal(() => loadTrainingConfig(file));
    expect(text).toMatch(/learning_rte \(.*many\.yaml:3\)/);
    expect(text).toMatch(/label_smoothing_factor 0\.1 .*many\.yaml:4/);
    expect(text).toMatch(/seed: expected an integer .*many\.yaml:5/);
    expect(text).toMatch(/lora_alhpa \(.*many\.yaml:6\)/);
    expect(text).toMatch(/model_name_or_path is missing/);
  });

  it("keys without effect are named in a note", () => {
    const { notes } = load({ dataset_num_proc: 4, ddp_timeout: 3600 });
    expect(notes.join("\n")).toMatch(
      /dataset_num_proc 4: no effect, rows are tokenized by threads/,
    );
    expect(notes.join("\n")).toMatch(/ddp_timeout 3600: no effect/);
  });
});
