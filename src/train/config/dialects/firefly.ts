/**
 * Firefly's JSON, whose keys are ours. What differs is what its programs do without being told, and
 * the bytes of some of its templates.
 */
import {
  type Default,
  type Dialect,
  type ForeignKeys,
  idle,
  nothing,
  type Rule,
  set,
  toNumber,
} from "./dialect.js";

/** Templates of Firefly that differ from those of the same name here. */
export type TemplateNames = readonly string[];

/**
 * Whether the method follows from the other keys here as it did there. Where train_mode is not given,
 * Firefly trains an adapter on 4-bit weights; its first version had a program for that (whose files
 * name a paged optimizer), and one that trained all weights.
 */
function followsHere(keys: ForeignKeys): boolean {
  if (toNumber(keys.get("bits")) === 4) return true;
  const isAdapter = ["lora_rank", "template_name", "task_type"].some((key) => keys.has(key));
  return !isAdapter && !String(keys.get("optim")).startsWith("paged");
}

const templateOf =
  (names: TemplateNames): Rule =>
  (value) => {
    const own = `firefly-${String(value)}`;
    if (value === "") return nothing;
    return names.includes(own)
      ? set({ template_name: own }, "as Firefly writes it")
      : set({ template_name: value });
  };

const adapterKeys = ["lora_rank", "lora_alpha", "lora_dropout"];

/** Firefly's programs for all weights pass over the keys of an adapter. */
const ofAdapter =
  (key: string): Rule =>
  (value, keys) =>
    keys.get("train_mode") === "full"
      ? idle("train_mode full has no adapter")
      : set({ [key]: value });

/** @param names of all templates here */
export function firefly(names: TemplateNames): Dialect {
  return {
    name: "firefly",
    title: "Firefly",
    signs: [],
    rules: {
      template_name: templateOf(names),
      ...Object.fromEntries(adapterKeys.map((key) => [key, ofAdapter(key)])),
      peft_type: (value) => (value === "lora" ? nothing : idle("train_mode says what is trained")),
    },
    defaults: (keys): Default[] => [
      ...(followsHere(keys) ? [] : [{ keys: { train_mode: "qlora" } }]),
      { keys: { logging_steps: 500 } },
    ],
  };
}

/** Keys of ours that Firefly has not: a file with one of them was written for Tunewright. */
const foreign = [
  "over_length",
  "eval_strategy",
  "compute_dtype",
  "check_rows",
  "on_error",
  "lora_target",
  "data_seed",
];

/** Whether a file was written for Firefly: all of its own have these keys. */
export function isFirefly(keys: ForeignKeys): boolean {
  const has = (key: string) => keys.has(key);
  return (
    ["output_dir", "model_name_or_path", "train_file", "max_seq_length"].every(has) &&
    ["remove_unused_columns", "disable_tqdm"].every(has) &&
    !foreign.some(has)
  );
}
