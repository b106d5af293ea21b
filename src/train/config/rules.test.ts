import { describe, expect, it } from "vitest";
import { ConfigError } from "../../util/errors.js";
import { resolveForDevice } from "./device.js";
import { loadTrainingConfig } from "./load.js";

const base = { output_dir: "out", model_name_or_path: "m", train_file: "t.jsonl" };
const load = (options: Record<string, unknown>) =>
  loadTrainingConfig(undefined, { ...base, ...options });

describe("train_mode and bits", () => {
  it.each([
    [{}, "full", 32, null],
    [{ bf16: true }, "full", 16, null],
    [{ lora_rank: 8 }, "lora", 32, 8],
    [{ lora_rank: 8, fp16: true }, "lora", 16, 8],
    [{ bits: 4 }, "qlora", 4, 64],
    [{ train_mode: "lora" }, "lora", 32, 64],
    [{ train_mode: "qlora", fp16: true }, "qlora", 4, 64],
    [{ bits: "16", bf16: true, lora_rank: 4 }, "lora", 16, 4],
  ])("%j is %s with %i bits", (options, train_mode, bits, lora_rank) => {
    expect(load(options).config).toMatchObject({ train_mode, bits, lora_rank });
  });

  it.each([
    [{ train_mode: "full", bits: 4 }],
    [{ train_mode: "lora", bits: 4 }],
    [{ train_mode: "qlora", bits: 16, bf16: true }],
    [{ train_mode: "full", lora_rank: 8 }],
    [{ lora_alpha: 32 }],
    [{ bits: 16 }],
    [{ bits: 32, bf16: true }],
  ])("%j contradicts itself", (options) => {
    expect(() => load(options)).toThrow(ConfigError);
  });
});

describe("task_type pretrain", () => {
  it("packs unless told otherwise, and has no chat template", () => {
    const { config, origins } = load({ task_type: "pretrain" });
    expect(config).toMatchObject({ packing: true, template_name: "plain" });
    expect(origins).toMatchObject({ packing: "derived", template_name: "derived" });
    expect(load({ task_type: "pretrain", packing: false }).config.packing).toBe(false);
    expect(load({}).config).toMatchObject({ packing: false, template_name: null });
  });

  it("says which keys of conversations have no effect", () => {
    const { notes } = load({ task_type: "pretrain", template_name: "chatml", moss_tools: "drop" });
    expect(notes.join()).toContain("template_name, moss_tools: no effect");
  });
});

it("a name that Firefly uses for another format is pointed out", () => {
  const named = (template_name: string) => load({ template_name }).notes.join();
  expect(named("llama2")).toContain("the one that Firefly calls llama2 is firefly-llama2");
  for (const name of ["firefly-llama2", "default", "chatml"])
    expect(named(name)).not.toContain("Firefly");
});

describe("options that void one another", () => {
  it.each([
    [{ bf16: true, fp16: true }, /both true/],
    [{ warmup_steps: 5, warmup_ratio: 0.1 }, /both set/],
    [{ lr_scheduler_type: "linear", lr_scheduler_kwargs: { num_cycles: 2 } }, /not an option/],
    [{ lr_scheduler_type: "polynomial", learning_rate: 1e-8 }, /smaller than/],
    [{ train_on_prompt: true, mask_history: true }, /contradict/],
    [{ train_on_prompt: true, over_length: "split" }, /contradict/],
    [{ val_size: 0.1, eval_file: "e.jsonl" }, /contradict/],
    [{ val_size: 1.5 }, /neither a share nor a number/],
    [{ val_size: 5, streaming: true, max_steps: 3 }, /contradict/],
    [{ eval_strategy: "steps" }, /requires eval_file/],
    [{ do_eval: true }, /requires eval_file/],
    [{ eval_tasks: "mmlu" }, /requires eval_data_dir/],
    [{ eval_tasks: "mmlu", eval_data_dir: "d", eval_limit: 1.5 }, /neither a share nor a number/],
    [{ eval_tasks: "mmlu", eval_data_dir: "d", do_eval: true }, /requires eval_file/],
    [
      { eval_tasks: "mmlu", eval_data_dir: "d", eval_strategy: "steps", save_strategy: "best" },
      /requires eval_strategy/,
    ],
    [{ resume: true, overwrite_output_dir: true }, /contradict/],
  ])("%j is an error", (options, expected) => {
    expect(() => load(options)).toThrow(expected);
  });

  it.each([
    [{ max_steps: 5, num_train_epochs: 1 }, "max_steps 5 overrides num_train_epochs."],
    [{ eval_limit: 5 }, "eval_limit: no effect without eval_tasks."],
    [{ eval_steps: 5 }, "eval_steps: no effect, eval_strategy is no."],
    [{ optim: "sgd", adam_beta1: 0.8 }, "adam_beta1: no effect, optim is sgd."],
    [{ save_strategy: "epoch", save_steps: 5 }, "save_steps: no effect, save_strategy is epoch."],
    [
      { do_eval: false, eval_strategy: "epoch", eval_file: "e" },
      "eval_strategy epoch overrides do_eval false.",
    ],
  ])("%j is noted", (options, note) => {
    expect(load(options).notes).toContain(note);
  });

  it("eval_tasks alone need no held-out rows", () => {
    const asked = { eval_tasks: "mmlu,ceval-valid", eval_data_dir: "d", eval_strategy: "steps" };
    const { config } = load(asked);
    expect(config).toMatchObject({ do_eval: false, eval_tasks: ["mmlu", "ceval-valid"] });
    expect(load({ ...asked, val_size: 0.1 }).config.do_eval).toBe(true);
  });

  it("eval_steps follows logging_steps", () => {
    const { config, origins } = load({ eval_strategy: "steps", eval_file: "e", logging_steps: 7 });
    expect(config).toMatchObject({ eval_steps: 7, do_eval: true, eval_file: ["e"] });
    expect(origins.eval_steps).toBe("derived");
  });
});

describe("on a device", () => {
  const cpu = { device: "cpu", bf16: true, pagedMemory: false } as const;
  const cuda = { device: "cuda", bf16: true, pagedMemory: true } as const;
  const onDevice = (
    options: Record<string, unknown>,
    facts: Parameters<typeof resolveForDevice>[1],
  ) => resolveForDevice(load(options).config, facts);

  it("fp16 on a CPU computes in bf16 and says so", () => {
    const { config, notes } = onDevice({ fp16: true, bits: 4 }, cpu);
    expect(config).toMatchObject({ computeDtype: "bfloat16", lossScaling: false, bits: 4 });
    expect(config).toMatchObject({ bf16: true, fp16: false });
    expect(notes).toEqual(["fp16: on a CPU, bf16 is used instead; it needs no loss scaling."]);
  });

  it("bf16 is for every CPU: what its products are computed in is another choice", () => {
    const { config, notes } = onDevice({ bf16: true }, { ...cpu, bf16: false });
    expect(config).toMatchObject({ computeDtype: "bfloat16", compute_dtype: "auto", bits: 16 });
    expect(notes).toEqual([]);
  });

  it("products in float16 scale the loss on a GPU, and are computed otherwise on a CPU", () => {
    const options = { bf16: true, compute_dtype: "float16" };
    const onGpu = onDevice(options, cuda);
    expect(onGpu.config).toMatchObject({ compute_dtype: "float16", lossScaling: true });
    const onCpu = onDevice(options, cpu);
    expect(onCpu.config).toMatchObject({ compute_dtype: "auto", lossScaling: false });
    expect(onCpu.notes).toHaveLength(1);
  });

  it("fp16 on a GPU stays, with loss scaling", () => {
    const { config, notes } = onDevice({ fp16: true }, cuda);
    expect(config).toMatchObject({ computeDtype: "float16", lossScaling: true, bits: 16 });
    expect(notes).toEqual([]);
  });

  it("bf16 on a GPU without it is refused, not replaced", () => {
    expect(() => onDevice({ bf16: true }, { ...cuda, bf16: false })).toThrow(/not supported/);
  });

  it.each([
    ["adamw_torch", cpu, "adamw", false, 0],
    ["paged_adamw_32bit", cpu, "adamw", false, 1],
    ["paged_adamw_8bit", cpu, "adamw8bit", false, 1],
    ["adamw_bnb_8bit", cpu, "adamw8bit", false, 0],
    ["sgd", cpu, "sgd", false, 0],
    ["paged_adamw_32bit", cuda, "adamw", true, 0],
    ["paged_adamw_8bit", cuda, "adamw8bit", true, 0],
    ["adamw_8bit", cuda, "adamw8bit", false, 0],
    ["paged_adamw_32bit", { ...cuda, pagedMemory: false }, "adamw", false, 1],
  ] as const)("optim %s: %o runs %s", (optim, facts, kind, paged, notes) => {
    const fitted = onDevice({ optim }, facts);
    expect(fitted.config.optimizer).toEqual({ kind, paged });
    expect(fitted.notes).toHaveLength(notes);
  });
});
