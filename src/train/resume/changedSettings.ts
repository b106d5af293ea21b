/** Compares the configuration with that which a checkpoint was trained with, key by key. */
import { ConfigError } from "../../util/errors.js";
import {
  type ConfigKey,
  keySchemas,
  type LoadedConfig,
  type TrainingConfig,
} from "../config/index.js";
import { type Differences, noDifferences } from "./differences.js";
import { rendered, resumeRules } from "./rules/index.js";

/** Values of a checkpoint's configuration; those of an earlier version may lack some. */
export type StoredSettings = Readonly<Record<string, unknown>>;

/**
 * What differs from a checkpoint's settings: refusals, and lines about what changes the course.
 *
 * @param stored keys that are absent had their default, unless `isPart`
 * @param isPart whether only some keys of what was trained with are known, and the others are not
 *   compared
 */
export function compareSettings(
  stored: StoredSettings,
  { config, origins }: Pick<LoadedConfig, "config" | "origins">,
  isPart = false,
): Differences {
  const found = noDifferences();
  const changed = (Object.keys(resumeRules) as ConfigKey[]).filter((key) => {
    if (isPart && !(key in stored)) return false;
    return !isSame(key, storedValue(stored, key), config[key]);
  });
  // A value that follows from another one is told with that.
  const own = changed.filter((key) => origins[key] !== "derived" || !hasCause(key, changed));
  for (const key of own) {
    judge(key, { before: storedValue(stored, key), now: config[key], config }, found);
  }
  const sizes = own.filter((key) => resumeRules[key].kind === "position");
  if (sizes.length > 0) judgePosition(stored, config, sizes, found);
  return found;
}

/** What a key of a checkpoint's configuration is, or was by default when it was not there yet. */
function storedValue(stored: StoredSettings, key: ConfigKey): unknown {
  return key in stored ? stored[key] : (keySchemas[key].default ?? null);
}

/** Keys whose value, where it is not given, follows from others. */
const causes: Partial<Record<ConfigKey, readonly ConfigKey[]>> = {
  data_seed: ["seed"],
  bits: ["train_mode", "bf16", "fp16"],
  lora_rank: ["train_mode", "adapter_name_or_path"],
  lora_alpha: ["adapter_name_or_path"],
  packing: ["task_type"],
};

function hasCause(key: ConfigKey, changed: readonly ConfigKey[]): boolean {
  return causes[key]?.some((cause) => changed.includes(cause)) === true;
}

interface Change {
  before: unknown;
  now: unknown;
  config: TrainingConfig;
}

function judge(key: ConfigKey, { before, now, config }: Change, found: Differences): void {
  // A name that was given is compared as one, since the model may have no template of its own.
  const isNamed = key === "template_name" && before !== null && config.task_type === "sft";
  const rule = isNamed ? rendered : resumeRules[key];
  const accepts = config.resume_changes;
  if (rule.kind === "free" || rule.kind === "content" || rule.kind === "position") return;
  if (rule.kind === "kept") {
    found.lines.push(`${key} was ${show(before)} and is now ${show(now)}: ${rule.because}.`);
    return;
  }
  const mayChange = rule.kind === "course" ? accepts !== "none" : accepts === "all";
  if (rule.kind !== "fixed" && mayChange) {
    const effect = rule.kind === "course" ? rule.effect : rule.because;
    found.lines.push(`${key} was ${show(before)} and is now ${show(now)}: ${effect}.`);
    found.changesCourse = true;
    return;
  }
  const knowingly = {
    fixed: "",
    data: "; or go on knowingly with --resume_changes all",
    course: "; or go on with the new value, without --resume_changes none",
  }[rule.kind];
  found.refusals.push(
    new ConfigError(`${key} is ${show(now)}, but the checkpoint was trained with ${show(before)}`, {
      why: rule.kind === "course" ? rule.effect : rule.because,
      todo: `${goBack(key, before)}, or start a new run in another output_dir${knowingly}`,
    }),
  );
}

/**
 * The place in the data is a number of steps, so it stays the same only while a step takes as many
 * rows: eight micro-batches of 2 in place of four of 4.
 */
function judgePosition(
  stored: StoredSettings,
  config: TrainingConfig,
  keys: readonly ConfigKey[],
  found: Differences,
): void {
  const batch = (values: StoredSettings) =>
    [
      Number(storedValue(values, "per_device_train_batch_size")),
      Number(storedValue(values, "gradient_accumulation_steps")),
    ] as const;
  const [size, accumulation] = batch(stored);
  const [sizeNow, accumulationNow] = batch({ ...config });
  const what = keys
    .map((key) => `${key} was ${show(storedValue(stored, key))} and is now ${show(config[key])}`)
    .join(", ");
  const isSameRows = size * accumulation === sizeNow * accumulationNow;
  if (isSameRows && !config.packing && !config.streaming && config.resume_changes !== "none") {
    found.lines.push(`${what}: a step takes the same ${size * accumulation} rows as before.`);
    found.changesCourse = true;
    return;
  }
  const same = `--per_device_train_batch_size ${size} --gradient_accumulation_steps ${accumulation}`;
  const counted =
    config.packing || config.streaming
      ? "which rows lie behind the checkpoint is counted in micro-batches of the size that it was trained with"
      : `which rows lie behind the checkpoint is counted in steps of ${size * accumulation} rows, so others would be left out or come twice`;
  const other =
    config.packing || config.streaming || config.resume_changes === "none"
      ? ""
      : `, or others with the product ${size * accumulation}`;
  found.refusals.push(
    new ConfigError(what, {
      why:
        isSameRows && config.resume_changes === "none" ? "sums are rounded differently" : counted,
      todo: `use ${same}${other}; or train on from its adapter in a new run, with --adapter_name_or_path and another output_dir`,
    }),
  );
}

/** How to ask for the checkpoint's value. */
function goBack(key: ConfigKey, before: unknown): string {
  const standard = keySchemas[key].default ?? null;
  if (JSON.stringify(before) === JSON.stringify(standard)) return `remove ${key}`;
  return `use --${key} ${flagValue(before)}`;
}

function flagValue(value: unknown): string {
  if (typeof value === "string") return /^[\w.:/@-]+$/.test(value) ? value : `'${value}'`;
  if (Array.isArray(value) && value.every((one) => /^[\w.-]+$/.test(String(one)))) {
    return value.join(",");
  }
  return typeof value === "object" ? `'${JSON.stringify(value)}'` : String(value);
}

function show(value: unknown): string {
  return value === null || value === undefined ? "not set" : JSON.stringify(value);
}

/** The same optimizer by several names. */
const optimizers: Readonly<Record<string, string>> = {
  adamw_torch_fused: "adamw_torch",
  paged_adamw_32bit: "adamw_torch",
  paged_adamw_8bit: "adamw_8bit",
  adamw_bnb_8bit: "adamw_8bit",
};

function isSame(key: ConfigKey, before: unknown, now: unknown): boolean {
  if (key === "optim") return optimizer(before) === optimizer(now);
  return JSON.stringify(before ?? null) === JSON.stringify(now ?? null);
}

function optimizer(name: unknown): unknown {
  return optimizers[String(name)] ?? name;
}
