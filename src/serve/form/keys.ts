/** Which keys of the configuration a request may set, and as what. */
import { type ConfigKey, fieldGroups } from "../../train/config/index.js";

/** Keys that are shown at once, in this order. */
export const essentialKeys: readonly ConfigKey[] = [
  "model_name_or_path",
  "train_file",
  "train_mode",
  "bits",
  "lora_rank",
  "num_train_epochs",
  "per_device_train_batch_size",
  "gradient_accumulation_steps",
  "learning_rate",
  "max_seq_length",
];

/** Keys that name models: an id of the catalogue, or a name on the hub. */
export const modelKeys: ReadonlySet<ConfigKey> = new Set([
  "model_name_or_path",
  "adapter_name_or_path",
]);

/** Keys that name files: ids of GET /api/data. */
export const dataKeys: ReadonlySet<ConfigKey> = new Set([
  "train_file",
  "eval_file",
  "sample_dialogue",
]);

/** Keys that no request may set, with the reason: their values are places on the server's disk, or follow from others. */
export const serverKeys: ReadonlyMap<ConfigKey, string> = new Map([
  ["output_dir", "the run's name says where it lies, below the server's runs"],
  ["overwrite_output_dir", "a run that is begun here never takes the place of another"],
  ["resume_from_checkpoint", "a run goes on by its own button, POST /api/runs/ID/resume"],
  ["cache_dir", "it is a folder of the server: set HF_HUB_CACHE where the server is started"],
  ["logging_dir", "it is a folder of the server: TensorBoard's files go into the run's own"],
  [
    "eval_data_dir",
    "it is a folder of the server: write it into a configuration file, and duplicate that run here",
  ],
]);

/** Sections by the title of their group. */
const sectionIds: Readonly<Record<(typeof fieldGroups)[number]["title"], string>> = {
  Model: "model",
  Data: "data",
  "Training method": "method",
  "Number types and memory": "memory",
  "Duration, optimizer, learning rate": "optimization",
  Logging: "logging",
  Evaluation: "evaluation",
  Watching: "watching",
  "Run directory and checkpoints": "checkpoints",
};

/** The sections of the form: the essential one, then all other keys by topic. */
export function sections(): { id: string; essential: boolean; keys: ConfigKey[] }[] {
  const isOther = (key: ConfigKey) => !essentialKeys.includes(key) && !serverKeys.has(key);
  return [
    { id: "essential", essential: true, keys: [...essentialKeys] },
    ...fieldGroups.map(({ title, fields }) => ({
      id: sectionIds[title],
      essential: false,
      keys: (Object.keys(fields) as ConfigKey[]).filter(isOther),
    })),
  ];
}
