/** What axolotl's keys mean here, where that takes more than a line. */
import { isObject } from "../values.js";
import { axolotlTexts } from "./axolotlDatasets.js";
import {
  type ForeignKeys,
  idle,
  isEmpty,
  isFalse,
  isTrue,
  nothing,
  type Rule,
  refuse,
  set,
  toNumber,
} from "./dialect.js";

export const is4bit = (keys: ForeignKeys) =>
  isTrue(keys.get("load_in_4bit")) || keys.get("adapter") === "qlora";

export const adapter: Rule = (value, keys) => {
  if (value === "lora" || value === "qlora") {
    const mode = is4bit(keys) ? "qlora" : "lora";
    return mode === value
      ? set({ train_mode: mode })
      : set({ train_mode: mode }, "load_in_4bit is true");
  }
  if (isEmpty(value)) return nothing;
  return refuse(
    `Of axolotl's adapters lora and qlora are supported, not ${value}.`,
    "Use lora or qlora.",
    "train_mode",
  );
};

/** Whether axolotl trains on an adapter, whose own settings it takes. */
export const goesOn = (keys: ForeignKeys) => !isEmpty(keys.get("lora_model_dir"));

/** Without an adapter axolotl trains all weights, whatever is said about one. */
export const ofAdapter =
  (rule: Rule): Rule =>
  (value, keys) => {
    if (isEmpty(keys.get("adapter"))) return idle("adapter is not given");
    return goesOn(keys) ? idle("the adapter of lora_model_dir has its own") : rule(value, keys);
  };

export const is8bit: Rule = (value) => (isTrue(value) ? set({ bits: 8 }) : nothing);

export const numberSwitch =
  (key: "bf16" | "fp16"): Rule =>
  (value) => {
    if (value === "auto" || value === "full") return set({ [key]: true });
    return isTrue(value) ? set({ [key]: true }) : nothing;
  };

export const hasEvaluation = (keys: ForeignKeys) =>
  (toNumber(keys.get("val_set_size")) ?? 0) > 0 || keys.has("test_datasets");

/** A number of times in each epoch, as the share of all steps that lies between two. */
function shareOfRun(value: unknown, keys: ForeignKeys): number | undefined {
  const times = toNumber(value);
  const epochs = toNumber(keys.get("num_epochs")) ?? 1;
  return times !== undefined && times > 0 ? 1 / (times * epochs) : undefined;
}

export const savesPerEpoch: Rule = (value, keys) => {
  const share = shareOfRun(value, keys);
  if (share === undefined) return nothing;
  return share < 1
    ? set({ save_strategy: "steps", save_steps: share })
    : set({ save_strategy: "epoch" });
};

export const evaluates = (steps: Readonly<Record<string, unknown>>) => ({
  eval_strategy: "steps",
  eval_on_start: true,
  ...steps,
});

export const evalsPerEpoch: Rule = (value, keys) => {
  const share = shareOfRun(value, keys);
  if (share === undefined) return nothing;
  if (!hasEvaluation(keys)) return idle("there is neither val_set_size nor test_datasets");
  return share < 1
    ? set(evaluates({ eval_steps: share }))
    : idle("axolotl does not evaluate where the interval is the whole run");
};

export const ofEvaluation =
  (rule: Rule): Rule =>
  (value, keys) =>
    hasEvaluation(keys)
      ? rule(value, keys)
      : idle("there is neither val_set_size nor test_datasets");

export const specialTokens: Rule = (value, keys) => {
  if (!isObject(value)) return nothing;
  const set = Object.entries(value).filter(([, token]) => !isEmpty(token));
  const other = set.filter(([name]) => name !== "pad_token");
  if (other.length === 0) return set.length === 0 ? nothing : idle("there is no padding");
  const added = other.find(([name]) => name === "additional_special_tokens");
  if (added || axolotlTexts(keys))
    return refuse(
      `${other.map(([name]) => name).join(", ")} would replace what the tokenizer of the model has.`,
      "Change the model's tokenizer_config.json, and remove it here.",
    );
  return idle("turns begin and end as the chat template writes them; there is no padding");
};

export const plugins: Rule = (value) => {
  const names = [value].flat().map(String);
  const unknown = names.filter((name) => !/liger|cut_cross_entropy|kernels?/i.test(name));
  return unknown.length === 0
    ? idle("its savings are built in")
    : refuse(`${unknown.join(", ")}: plugins of axolotl are Python code.`, "Remove it.");
};

export const sameModel =
  (what: string): Rule =>
  (value, keys) =>
    value === keys.get("base_model")
      ? nothing
      : refuse(
          `The ${what} comes from the model itself.`,
          `Put it into the folder of the model, and remove the key.`,
        );

export const vocabulary: Rule = (value) =>
  isEmpty(value)
    ? nothing
    : refuse(
        "The vocabulary of a model is not extended yet.",
        "Add the tokens to the model first, and remove the key.",
      );

export const batchSize: Rule = (value, keys) => {
  const total = toNumber(value);
  const micro = toNumber(keys.get("micro_batch_size")) ?? 1;
  if (keys.has("gradient_accumulation_steps")) return idle("gradient_accumulation_steps is given");
  return total === undefined
    ? refuse("It is no number.", "Correct it.")
    : set({ gradient_accumulation_steps: Math.max(1, Math.floor(total / micro)) });
};

export const gradientCheckpointing: Rule = (value) =>
  typeof value === "string" && !isTrue(value) && !isFalse(value)
    ? set({ gradient_checkpointing: true }, "there is only one way of recomputing activations")
    : set({ gradient_checkpointing: value });

export const excessLength: Rule = (value) => {
  if (value === "drop") return set({ over_length: "drop" });
  if (value === "truncate") return set({ over_length: "cut" });
  return refuse(
    "A long conversation is cut, split or left out.",
    "Use drop or truncate.",
    "over_length",
  );
};

/** Whether it ends with the best checkpoint without being told: where every saved step is evaluated. */
export function loadsBest(keys: ForeignKeys): boolean {
  const [saves, evaluates] = [toNumber(keys.get("save_steps")), toNumber(keys.get("eval_steps"))];
  return hasEvaluation(keys) && !!saves && !!evaluates && saves % evaluates === 0;
}

/** A whole number counts GiB, as `load_model` has it; without a GPU, what is limited is main memory. */
export const gpuMemoryLimit: Rule = (value) => {
  const count = toNumber(value);
  return set(
    { max_memory: count === undefined ? value : `${count}GiB` },
    "of one GPU, or of main memory where there is none; what does not fit is refused, not moved to main memory",
  );
};
