/** Values that other trainers know for a key and Tunewright does not: refused with the reason. */
import { optimizerNames, schedulerTypes } from "./fieldsOptimization.js";
import type { ConfigKey } from "./schema.js";

/** Why a value is refused, and what to say instead. */
export interface Refusal {
  readonly why: string;
  readonly todo: string;
}

const unsupportedSchedules = [
  "reduce_lr_on_plateau",
  "cosine_with_min_lr",
  "cosine_warmup_with_min_lr",
  "warmup_stable_decay",
  "greedy",
];

const trackers =
  "wandb tensorboard mlflow swanlab comet_ml clearml neptune trackio codecarbon dagshub dvclive " +
  "azure_ml flyte all";

/** The refusal of `value` for `key`, or `undefined` where the schema may judge it. */
export function refusalOf(key: ConfigKey, value: unknown): Refusal | undefined {
  const word = String(value);
  switch (key) {
    case "task_type":
      if (word === "pretrain" || word === "dpo")
        return {
          why: `Only supervised fine-tuning exists; ${word} does not yet.`,
          todo: "Use task_type sft, or leave it out.",
        };
      return undefined;
    case "bits":
      if (word === "8")
        return {
          why: "8-bit base weights do not exist here.",
          todo: "Use bits 4 (NF4, less memory) or 16 (faster).",
        };
      return undefined;
    case "save_strategy":
      if (word === "best")
        return {
          why: "Choosing the best checkpoint does not exist yet.",
          todo: "Use save_strategy steps or epoch and read the evaluation events.",
        };
      return undefined;
    case "lr_scheduler_type":
      if (unsupportedSchedules.includes(word))
        return {
          why: "This schedule of transformers does not exist here.",
          todo: `Use one of ${schedulerTypes.join(", ")}.`,
        };
      return undefined;
    case "optim":
      if (!optimizerNames.some((name) => name === word) && word !== "undefined")
        return {
          why: "This optimizer does not exist here.",
          todo: `Use one of ${optimizerNames.join(", ")}.`,
        };
      return undefined;
    case "report_to": {
      const names = [value].flat().map(String);
      const tracker = names.find((name) => trackers.split(" ").includes(name));
      if (tracker)
        return {
          why: `Tracking (${tracker}) arrives later; until then a run writes events.jsonl only.`,
          todo: "Use report_to none, for example with the flag --report_to none.",
        };
      return undefined;
    }
    default:
      return undefined;
  }
}
