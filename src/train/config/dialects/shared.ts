/** Rules for keys that several trainers share. */
import {
  idle,
  inert,
  isEmpty,
  isFalse,
  isTrue,
  nothing,
  only,
  type Rule,
  refuse,
  set,
  toNumber,
} from "./dialect.js";

const loader = "rows are tokenized by threads while training";

/** How rows are read into a cache before training: here nothing is prepared beforehand. */
export const preparation = inert(loader, false, true);

/** Attention kernels compute the same sums. */
export const attentionKernel = inert(
  "there is one way of computing attention, and it is exact",
  "auto",
  "sdpa",
  "eager",
  "disabled",
  false,
);

export const remoteCode = inert("code that comes with a model is never run", false);

export const rope = only(
  [],
  "The model is configured by its config.json only.",
  "Set rope_scaling in the model's config.json, and remove it here.",
);

export const quantizationMethod: Rule = (value) =>
  ["bnb", "bitsandbytes"].includes(String(value).toLowerCase())
    ? nothing
    : refuse(
        "Base weights are kept in 16 or 32 bits, or in NF4.",
        "Use bnb with 4 bits, or remove it.",
      );

export const quantizationType = only("nf4", "4-bit weights are NF4.", "Use nf4, or remove it.");

/** QLoRA's second quantization, of the constants. */
export const doubleQuantization: Rule = (value) =>
  isFalse(value)
    ? idle("the constants of NF4 weights are always kept in 8 bits (double quantization)")
    : nothing;

/** Number types by the names of torch. */
export const numberType: Rule = (value) => {
  switch (String(value).replace("torch.", "")) {
    case "bfloat16":
    case "bf16":
      return set({ bf16: true });
    case "float16":
    case "fp16":
    case "half":
      return set({ fp16: true });
    case "float32":
    case "fp32":
    case "auto":
      return nothing;
    default:
      return refuse("It is no number type of training.", "Use bfloat16, float16 or float32.");
  }
};

/** A share of the rows below 1, a number of rows from there on; 0 is none. */
export const heldOutRows: Rule = (value) => {
  const size = toNumber(value);
  if (size === undefined || size < 0) return set({ val_size: value });
  if (size === 0) return nothing;
  return set({ val_size: size > 1 ? Math.trunc(size) : size });
};

/** Weights of modules that are trained whole beside the adapter. */
export const trainedModules: Rule = (value) =>
  isEmpty(value) ? nothing : set({ modules_to_save: value });

/** A switch of PEFT that a key of the same name has here. */
export const peftSwitch =
  (key: string): Rule =>
  (value) =>
    isTrue(value) ? set({ [key]: true }) : nothing;

/** How the end of a list of layers is written in PEFT. */
export const everyLayer: Rule = (value) => {
  const word = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return word === "all-linear" || word === "all_linear" || word === "all"
    ? set({ lora_target: "all" })
    : set({ lora_target: value });
};

/** Where checkpoints of other libraries are sharded, offloaded and spread over machines. */
export const machines = inert(
  "it is about spreading work over machines and devices, and a run is one process",
);

/** Options for writing answers, which belong to no training. */
export const generation = inert("it is about writing answers, not about training");

/** Messages of progress, logs and curves. */
export const display = inert("events.jsonl has every loss, rate and gradient norm", false);

/** How much faster LoRA+ learns second matrices. */
export const loraPlusRatio: Rule = (value) =>
  isEmpty(value)
    ? nothing
    : set(
        { loraplus_lr_ratio: value },
        "weights are grouped as by PEFT's optimizer, and decayed by weight_decay",
      );

/** LoRA+. @param wrap what keys of an adapter go through */
export const loraPlus = (wrap: (rule: Rule) => Rule): Record<string, Rule> => ({
  loraplus_lr_ratio: wrap(loraPlusRatio),
  loraplus_lr_embedding: wrap((value, keys) => {
    if (isEmpty(value)) return nothing;
    return isEmpty(keys.get("loraplus_lr_ratio"))
      ? idle("it belongs to loraplus_lr_ratio")
      : set({ loraplus_lr_embedding: value });
  }),
});
