/** Configuration fields about the model, its adapter and its number types. */
import { z } from "zod";
import { boolean, choice, integer, number, path, text, words } from "./values.js";

export const modelFields = {
  model_name_or_path: path().describe(
    "The model to train: a Hugging Face directory, a .gguf file, OWNER/NAME on the hub, or builtin:smollm2-135m.",
  ),
  cache_dir: path()
    .nullable()
    .default(null)
    .describe(
      "A folder in which the model is looked for when it is not a path itself, and which takes downloads in place of HF_HUB_CACHE.",
    ),
  model_revision: text()
    .nullable()
    .default(null)
    .describe("Branch, tag or commit of a model on the hub; main where not given."),
  template_name: text()
    .nullable()
    .default(null)
    .describe(
      "Name of the chat template; without it, the model's own. It is stored with each checkpoint.",
    ),
  use_cpu: boolean().default(false).describe("Train on the CPU even where there is a GPU."),
};

export const adapterFields = {
  task_type: choice(["sft"]).default("sft").describe("Supervised fine-tuning is what exists."),
  train_mode: choice(["full", "lora", "qlora"])
    .nullable()
    .default(null)
    .describe(
      "full trains every weight, lora an adapter, qlora an adapter over NF4 weights. " +
        "Derived where not given: bits 4 means qlora, a lora_rank means lora, else full.",
    ),
  bits: z
    .preprocess(
      (value) => (typeof value === "string" ? Number(value) : value),
      z.literal([4, 16, 32]),
    )
    .nullable()
    .default(null)
    .describe(
      "Bits of a base weight: 4 is NF4 with double quantisation, 16 needs bf16 or fp16, 32 is " +
        "float32. Derived from train_mode, bf16 and fp16 where not given.",
    ),
  lora_rank: integer(1)
    .nullable()
    .default(null)
    .describe("Rank of the adapter; 64 where train_mode asks for an adapter without saying."),
  lora_alpha: number(z.number().gt(0))
    .default(16)
    .describe("The adapter's output is scaled by lora_alpha / lora_rank."),
  lora_dropout: number(z.number().min(0).lt(1))
    .default(0.05)
    .describe("Dropout on the input of the adapter."),
  lora_target: z
    .union([z.literal("all"), z.preprocess((v) => (v === "all-linear" ? "all" : v), words())])
    .default("all")
    .describe(
      "Names of the linear layers that get an adapter, such as q_proj,v_proj; all means every " +
        "linear layer but the output head.",
    ),
};

export const precisionFields = {
  bf16: boolean().default(false).describe("Compute in bfloat16."),
  fp16: boolean()
    .default(false)
    .describe("Compute in float16 with loss scaling; a CPU computes in bfloat16 instead."),
  gradient_checkpointing: boolean()
    .default(true)
    .describe("Recompute each block in the backward pass, so memory does not grow with depth."),
};
