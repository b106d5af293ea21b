/** A run in words and tables, for a model card. */
import { basename } from "node:path";
import { code, plain, table } from "../../../util/markdown.js";
import type { CardRun } from "./run.js";

/**
 * Settings that say what was learnt and how, in the order of the table. Those with `!` are told even
 * where they are defaults.
 */
const settings = [
  ...["task_type!", "train_mode!", "bits", "quant_type", "compute_dtype", "bf16", "fp16"],
  ...["template_name", "max_seq_length!", "packing", "over_length", "train_on", "reasoning"],
  ...["num_train_epochs!", "max_steps", "per_device_train_batch_size!"],
  ...["gradient_accumulation_steps!", "learning_rate!", "lr_scheduler_type!", "warmup_steps"],
  ...["warmup_ratio", "optim!", "weight_decay", "adam_beta1", "adam_beta2", "adam_epsilon"],
  ...["max_grad_norm", "lora_rank", "lora_alpha", "lora_dropout", "lora_target", "use_rslora"],
  ...["use_dora", "modules_to_save", "init_lora_weights", "loraplus_lr_ratio", "new_tokens"],
  "seed!",
];

/** @param several whether the card has sections of other runs too */
export function describeRun(run: CardRun, picture: string | undefined, several: boolean): string {
  const title = several ? `## Training: ${plain(run.name)}` : "## Training";
  const rows = settings.flatMap((entry) => {
    const key = entry.replace("!", "");
    const value = run.config[key];
    const isTold = run.given.has(key) || entry.endsWith("!");
    return isTold && value !== undefined && value !== null ? [[code(key), shown(value)]] : [];
  });
  const parts = [
    title,
    dataOf(run),
    table(["Setting", "Value"], rows),
    figures(run),
    picture === undefined ? undefined : `![Losses](${picture})`,
  ];
  return parts.filter((part) => part !== undefined).join("\n\n");
}

function dataOf({ config, start }: CardRun): string {
  const files = namesOf(config.train_file);
  const held = namesOf(config.eval_file);
  const unit = start.task_type === "pretrain" ? "texts" : "conversations";
  const count = start.samples === null ? "" : `: ${start.samples} ${unit}`;
  const heldOut = held.length === 0 ? "" : ` Held out: ${held.map(code).join(", ")}.`;
  return `Data: ${files.map(code).join(", ")}${count}.${heldOut}`;
}

/** Names of sources as they may be told: of paths the last part. */
function namesOf(value: unknown): string[] {
  return [value].flat().flatMap((one) => {
    const path: unknown = typeof one === "object" && one !== null ? Object(one).path : one;
    return typeof path === "string" ? [basename(path)] : [];
  });
}

function shown(value: unknown): string {
  return code(typeof value === "string" ? value : JSON.stringify(value));
}

function figures({ start, steps, evaluations, end }: CardRun): string {
  const sum = (key: "tokens" | "labelled_tokens") =>
    steps.reduce((total, row) => total + row[key], 0);
  const [last, first, latest] = [steps.at(-1), evaluations[0], evaluations.at(-1)];
  const lines = [
    `- ${last?.step ?? 0} steps, ${Number((last?.epoch ?? 0).toFixed(3))} epochs; ${sum("tokens")} tokens, of which ${sum("labelled_tokens")} were learnt`,
    `- ${start.trainable_parameters} of ${start.parameters} parameters trained`,
    end && `- mean training loss ${round(end.train_loss)}`,
    last && `- training loss of the last steps ${round(last.loss)}`,
    latest &&
      `- held-out loss ${first !== latest && first ? `${round(first.eval_loss)} at step ${first.step}, ` : ""}${round(latest.eval_loss)} at step ${latest.step} (${latest.samples} samples)`,
    end && end.rows_skipped > 0 && `- ${end.rows_skipped} rows were left out`,
    end && `- ${duration(end.train_runtime)} on ${start.device}`,
  ];
  return lines.filter((line) => typeof line === "string").join("\n");
}

/** A value that is not finite is stored as text. */
function round(value: unknown): string {
  const number = Number(value);
  return Number.isFinite(number) ? number.toFixed(4) : String(value);
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(seconds / 3600).toFixed(1)} h`;
}
