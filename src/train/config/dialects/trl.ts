/**
 * The configuration of TRL's `sft` command: its `SFTConfig`, `ScriptArguments`, `ModelConfig` and
 * `DatasetMixtureConfig`. Keys and defaults are those of version 1.16.
 */
import { existsSync } from "node:fs";
import { isObject } from "../values.js";
import {
  type Default,
  type Dialect,
  each,
  type ForeignKeys,
  idle,
  inert,
  isEmpty,
  isTrue,
  nothing,
  only,
  partOf,
  type Rule,
  refuse,
  renamed,
  set,
  toNumber,
  unsupported,
} from "./dialect.js";
import { hubPath, type Source, shortSource } from "./hubData.js";
import { modelFacts } from "./modelFacts.js";
import {
  attentionKernel,
  doubleQuantization,
  everyLayer,
  numberType,
  peftSwitch,
  preparation,
  quantizationType,
  remoteCode,
  trainedModules,
} from "./shared.js";

const usesPeft = (keys: ForeignKeys) => isTrue(keys.get("use_peft"));

const ofPeft =
  (rule: Rule): Rule =>
  (value, keys) =>
    usesPeft(keys) ? rule(value, keys) : idle("use_peft is not true");

const modeOf = (keys: ForeignKeys) => (isTrue(keys.get("load_in_4bit")) ? "qlora" : "lora");

/** Where the text of a row is in another column than `text`. */
function textColumns(keys: ForeignKeys): Pick<Source, "columns"> {
  const field = keys.get("dataset_text_field");
  return isEmpty(field) || field === "text" ? {} : { columns: { text: String(field) } };
}

const datasetName: Rule = (value, keys) => {
  if (keys.has("datasets")) return idle("datasets is given");
  const text = (key: string) => (isEmpty(keys.get(key)) ? undefined : String(keys.get(key)));
  const subset = text("dataset_config");
  const train = hubPath({ name: String(value), subset, split: text("dataset_train_split") });
  if ("why" in train) return refuse(train.why, train.todo, "train_file");
  const columns = textColumns(keys);
  const evaluates = !isEmpty(keys.get("eval_strategy")) && keys.get("eval_strategy") !== "no";
  if (!evaluates) return set({ train_file: [shortSource({ ...train, ...columns })] });
  const test = hubPath({
    name: String(value),
    subset,
    split: text("dataset_test_split") ?? "test",
  });
  if ("why" in test) return refuse(test.why, test.todo, "eval_file");
  return set({
    train_file: [shortSource({ ...train, ...columns })],
    eval_file: [shortSource({ ...test, ...columns })],
  });
};

/** `datasets` of a DatasetMixtureConfig. */
const mixture: Rule = (value, keys) => {
  const sources: (Source | string)[] = [];
  for (const entry of [value].flat()) {
    if (!isObject(entry) || isEmpty(entry.path))
      return refuse("An entry of datasets has no path.", "Give the path of each.", "train_file");
    const files = [entry.data_files ?? []].flat().map(String);
    const name = String(entry.path);
    const text = (key: string) => (isEmpty(entry[key]) ? undefined : String(entry[key]));
    const isFiles =
      files.length > 0 &&
      (["json", "csv", "parquet", "arrow"].includes(name) ||
        files.some((file) => existsSync(file)));
    const folder = text("data_dir");
    const place = isFiles
      ? { path: files }
      : hubPath({
          name,
          subset: text("name"),
          split: text("split"),
          files: folder === undefined ? files : [folder],
        });
    if ("why" in place) return refuse(place.why, place.todo, "train_file");
    const share = toNumber(entry.fraction);
    const columns = textColumns(keys);
    const path = Array.isArray(place.path) && place.path.length === 1 ? place.path[0]! : place.path;
    const source: Source & { repeat?: number } = {
      ...place,
      path,
      ...columns,
      ...(share === undefined ? {} : { repeat: share }),
    };
    sources.push(shortSource(source));
  }
  return set({ train_file: sources });
};

/** Every token of a conversation is learnt, where TRL is told nothing else. */
const assistantOnly: Rule = (value, keys) => {
  if (isTrue(value)) return nothing;
  return isTrue(keys.get("completion_only_loss")) ? nothing : set({ train_on_prompt: true });
};

const completionOnly: Rule = (value, keys) => {
  if (isTrue(value)) return nothing;
  return isTrue(keys.get("assistant_only_loss")) ? nothing : set({ train_on_prompt: true });
};

const packingStrategy: Rule = (value, keys) => {
  if (!isTrue(keys.get("packing"))) return idle("packing is off");
  if (value === "bfd") return nothing;
  if (value === "bfd_split" || value === "bfd-requeue") {
    return isTrue(keys.get("assistant_only_loss"))
      ? set({ over_length: "split" }, "between turns, each with the system message")
      : refuse(
          "A conversation of which every token is learnt is cut or left out, not split.",
          "Use bfd, or remove it.",
        );
  }
  return idle(
    "sequences are never cut to fill a batch, and attention never crosses from one to another",
  );
};

const learntLayers: Rule = (value, keys) => ofPeft(everyLayer)(value, keys);

const rules: Record<string, Rule> = {
  // ModelConfig
  dtype: (value, keys) =>
    keys.has("bf16") || keys.has("fp16")
      ? idle("bf16 and fp16 say in which type is trained")
      : numberType(value, keys),
  torch_dtype: (value, keys) =>
    keys.has("bf16") || keys.has("fp16")
      ? idle("bf16 and fp16 say in which type is trained")
      : numberType(value, keys),
  attn_implementation: attentionKernel,
  use_peft: (value, keys) => set({ train_mode: isTrue(value) ? modeOf(keys) : "full" }),
  lora_r: ofPeft(renamed("lora_rank")),
  lora_alpha: ofPeft(renamed("lora_alpha")),
  lora_dropout: ofPeft(renamed("lora_dropout")),
  lora_target_modules: learntLayers,
  lora_target_parameters: ofPeft(() =>
    refuse(
      "Adapters lie on layers, those of experts too.",
      "Name the experts' layers as files do, gate_proj, up_proj and down_proj, among the targets.",
    ),
  ),
  lora_modules_to_save: ofPeft(trainedModules),
  lora_task_type: only("CAUSAL_LM", "Only causal language models are trained."),
  use_rslora: ofPeft(peftSwitch("use_rslora")),
  use_dora: ofPeft(peftSwitch("use_dora")),
  load_in_4bit: (value) => (isTrue(value) ? set({ bits: 4 }) : nothing),
  load_in_8bit: (value) => (isTrue(value) ? set({ bits: 8 }) : nothing),
  bnb_4bit_quant_type: quantizationType,
  use_bnb_nested_quant: doubleQuantization,
  ...each(
    "bnb_4bit_quant_storage bnb_4bit_compute_dtype",
    inert("4-bit weights are stored as bytes, and multiplied in the type of training"),
  ),
  trust_remote_code: remoteCode,
  model_code_revision: remoteCode,
  router_aux_loss_coef: only(0, "The loss is the mean cross-entropy of the labelled tokens."),
  // ScriptArguments and DatasetMixtureConfig
  dataset_name: datasetName,
  datasets: mixture,
  ...each("dataset_config dataset_train_split dataset_test_split", (_value, keys) =>
    keys.has("dataset_name") && !keys.has("datasets")
      ? partOf("dataset_name")
      : idle("no dataset_name is given"),
  ),
  ...each("dataset_streaming streaming", inert("files of any size are read without it", false)),
  test_split_size: (value) => (isEmpty(value) ? nothing : set({ val_size: value })),
  ignore_bias_buffers: inert("there is one process", false),
  env: (value) => (isEmpty(value) ? nothing : idle("set environment variables in the shell")),
  gradient_checkpointing_use_reentrant: inert("there is only one way of recomputing activations"),
  // SFTConfig
  dataset_text_field: (value) =>
    value === "text" || isEmpty(value) ? nothing : partOf("train_file"),
  dataset_kwargs: (value) =>
    isEmpty(value) ? nothing : refuse("It is passed to Python functions.", "Remove it."),
  ...each("dataset_num_proc dataset_batch_size skip_prepare_dataset", preparation),
  max_length: renamed("max_seq_length"),
  max_seq_length: renamed("max_seq_length"),
  truncation_mode: only(
    "keep_start",
    "A conversation that is too long keeps its beginning.",
    "Use keep_start, or remove it.",
  ),
  shuffle_dataset: inert("rows are shuffled in every epoch", true, false),
  packing: renamed("packing"),
  packing_strategy: packingStrategy,
  eval_packing: inert("packing does not change what evaluation measures", true, false),
  completion_only_loss: completionOnly,
  assistant_only_loss: assistantOnly,
  eos_token: inert("turns end as the chat template writes them, and their end is learnt"),
  pad_token: inert("there is no padding"),
  chat_template_path: () =>
    refuse(
      "The chat template comes with the model.",
      "Save it as chat_template.jinja in the folder of the model, and remove it here.",
      "template_name",
    ),
  activation_offloading: inert("activations are recomputed where they take too much room", false),
  loss_type: (value) =>
    value === "nll" || value === "chunked_nll"
      ? nothing
      : refuse(
          "The loss is the mean cross-entropy of the labelled tokens.",
          "Use nll, or remove it.",
        ),
  num_of_sequences: preparation,
  chars_per_token: preparation,
  use_liger: inert("its chunked loss is built in", false),
  group_by_length: inert("batches are packed without padding", false),
  beta: unsupported("Preference training"),
};

export const trl: Dialect = {
  name: "trl",
  title: "TRL",
  signs: [
    "dataset_name",
    "dataset_config",
    "dataset_train_split",
    "dataset_text_field",
    "datasets",
    "use_peft",
    "lora_r",
    "lora_target_modules",
    "load_in_4bit",
    "attn_implementation",
    "max_length",
    "packing_strategy",
    "assistant_only_loss",
    "completion_only_loss",
    "dtype",
    "torch_dtype",
    "eos_token",
    "chat_template_path",
  ],
  rules,
  remarks: (keys) =>
    keys.has("completion_only_loss")
      ? [
          "Rows whose prompt and completion are texts are put into the chat template; TRL joins them as they are",
        ]
      : [],
  defaults(keys): Default[] {
    const adapter: Default[] = usesPeft(keys)
      ? [
          { keys: { lora_rank: 16 } },
          { keys: { lora_alpha: 32 } },
          { keys: { lora_dropout: 0.05 } },
          layersOfPeft(keys),
        ]
      : [{ keys: { train_mode: "full" } }];
    const isHalf = keys.has("bf16") || isTrue(keys.get("fp16"));
    const learnsAll =
      !isTrue(keys.get("assistant_only_loss")) && !isTrue(keys.get("completion_only_loss"));
    return [
      ...adapter,
      ...(isHalf ? [] : [{ keys: { bf16: true } }]),
      ...(learnsAll
        ? [
            {
              keys: { train_on_prompt: true },
              because:
                "assistant_only_loss is not true: every token is learnt, except of a row with prompt and completion",
            },
          ]
        : []),
      { keys: { learning_rate: 2e-5 } },
      { keys: { output_dir: "trainer_output" } },
    ];
  },
};

/** What PEFT gives an adapter where target_modules is not said. */
function layersOfPeft(keys: ForeignKeys): Default {
  const { type } = modelFacts(keys.get("model_name_or_path"));
  const layers = (type === undefined ? undefined : peftLayers[type]) ?? ["q_proj", "v_proj"];
  return {
    keys: { lora_target: layers },
    because: "lora_target_modules is not given, and PEFT chooses these",
  };
}

/** `TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING` of PEFT, without those that are q_proj, v_proj. */
const peftLayers: Readonly<Record<string, readonly string[]>> = {
  gpt2: ["c_attn"],
  bloom: ["query_key_value"],
  gpt_neox: ["query_key_value"],
  chatglm: ["query_key_value"],
  falcon: ["query_key_value"],
  mpt: ["Wqkv"],
  phi: ["q_proj", "v_proj", "fc1", "fc2"],
};
