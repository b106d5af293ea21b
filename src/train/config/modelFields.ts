/** Configuration keys for the model, the data, what is trained, and number types. */
import { z } from "zod";
import {
  beginning,
  boolean,
  choice,
  integer,
  integers,
  list,
  number,
  numberRecord,
  path,
  record,
  sources,
  targets,
  text,
  textRecord,
  textToBoolean,
  textToNumber,
  tokenIndices,
  words,
} from "./values.js";

export const modelFields = {
  model_name_or_path: path().describe(
    "The model to train: a directory in Hugging Face format, a .gguf file, OWNER/NAME on the hub, " +
      "or builtin:smollm2-135m.",
  ),
  cache_dir: path()
    .nullable()
    .default(null)
    .describe(
      "Where to look for the model if model_name_or_path is not a path, and where to put downloads " +
        "(instead of HF_HUB_CACHE).",
    ),
  model_revision: text()
    .nullable()
    .default(null)
    .describe("Branch, tag or commit of a model on the hub. If not set: main."),
  adapter_name_or_path: words()
    .nullable()
    .default(null)
    .describe(
      "An adapter to go on from: the directory of a run, or OWNER/NAME on the hub. Of several, the " +
        "last is trained on, on top of the others, which stay as they are. model_name_or_path may " +
        "name an adapter too, which means its base model and it.",
    ),
  create_new_adapter: boolean()
    .default(false)
    .describe(
      "Train a new adapter on top of those that training starts from, which stay as they are.",
    ),
  template_name: text()
    .nullable()
    .default(null)
    .describe(
      "Name of a chat template (docs/templates.md). If not set, the model's own template is used. The " +
        "choice is saved with every checkpoint.",
    ),
  chat_template_kwargs: record()
    .default({})
    .describe(
      "Variables for the model's own chat template, for example " +
        '{"enable_thinking": false}. Those of a row (its key chat_template_kwargs) go before ' +
        "them. Saved with every checkpoint.",
    ),
  fix_added_tokens: boolean()
    .default(false)
    .describe(
      "Take added tokens of the tokenizer that have no row in the model's embedding, such as <pad> in " +
        "Baichuan2's folders, as ordinary text. The tokenizer files that are saved do not name them; " +
        "those of the model stay as they are.",
    ),
  new_tokens: words()
    .default([])
    .describe(
      "Texts that become tokens of the tokenizer, such as <tool>. Their rows of embedding and output " +
        "head begin as the mean of all rows, and are trained and saved with the adapter.",
    ),
  use_cpu: boolean().default(false).describe("Train on the CPU even if there is a GPU."),
};

export const dataFields = {
  train_file: sources().describe(
    "Training data: one file, or a list of files and of sources {path, weight, repeat, limit, " +
      "sample, format}, which docs/data.md explains.",
  ),
  eval_file: sources()
    .nullable()
    .default(null)
    .describe(
      "Evaluation data: one file, or a list of files and sources as for train_file. Evaluation needs " +
        "it or val_size.",
    ),
  val_size: number(z.number().min(0))
    .default(0)
    .describe(
      "Rows of train_file that are held out for evaluation and never trained on: below 1 a share of " +
        "all rows, otherwise their number. Which rows depends on data_seed only.",
    ),
  max_seq_length: integer(2)
    .default(1024)
    .describe("Maximum sequence length in tokens. Longer conversations: see over_length."),
  over_length: choice(["cut", "cut_turn", "drop", "split"])
    .default("cut")
    .describe(
      "How to handle a conversation longer than max_seq_length: cut truncates it on the right, " +
        "cut_turn truncates it after the last turn that fits completely, drop leaves it out and " +
        "lists it, split divides it between turns into several conversations, each with the system " +
        "message. Plain texts are always split, except with drop.",
    ),
  special_tokens_in_text: choice(["error", "text", "token"])
    .default("error")
    .describe(
      "What to do with a row whose own text spells a special token of the tokenizer, or a token that " +
        "frames turns in the chat template, such as <|im_end|> in an answer or </s> in a plain text: " +
        "error refuses the row, text trains on it as ordinary characters (the ids of transformers' " +
        "sanitize_control_tokens), token trains on the token.",
    ),
  per_device_train_batch_size: integer(1)
    .default(8)
    .describe(
      "Conversations per micro-batch. They are packed, never padded. With packing: the size of a " +
        "micro-batch as a multiple of max_seq_length tokens. Or auto: see auto_batch_size.",
    ),
  auto_batch_size: boolean()
    .default(false)
    .describe(
      "Take the largest micro-batch that fits into memory; `per_device_train_batch_size: auto` says the " +
        "same. Where gradient_accumulation_steps is set, a step takes as many rows as it says, in " +
        "micro-batches of a divisor of it, so that the result depends on no memory; else one micro-batch. " +
        "A resumed run keeps the size (docs/memory.md).",
    ),
  packing: boolean()
    .default(false)
    .describe(
      "Fill every micro-batch with about per_device_train_batch_size times max_seq_length tokens, " +
        "from as many conversations as that takes. Attention never crosses from one conversation " +
        "to another. If not set, it is true with task_type pretrain.",
    ),
  per_device_eval_batch_size: integer(1)
    .default(8)
    .describe("Conversations per micro-batch during evaluation."),
  seed: integer(0)
    .default(42)
    .describe("Random seed for initializing the adapter, for dropout, and for data_seed."),
  data_seed: integer(0)
    .nullable()
    .default(null)
    .describe("Random seed for the order of the data. If not set: seed."),
  on_error: choice(["fail", "skip"])
    .default("fail")
    .describe(
      "What to do with a row that cannot be used for training: fail stops the run, skip leaves the " +
        "row out and lists it.",
    ),
  check_rows: choice(["auto", "all", "none"])
    .default("auto")
    .describe(
      "Check every row before training starts, so that a bad row does not stop a run that has " +
        "been training for hours. auto does so if the files are at most 16 MiB in total.",
    ),
  streaming: boolean()
    .default(false)
    .describe(
      "Read train_file once from start to end, without an index: for pipes and URLs. Requires " +
        "max_steps.",
    ),
  shuffle_buffer_size: integer(1)
    .default(10_000)
    .describe("With streaming: number of rows kept in memory, from which the next is drawn."),
  dataloader_num_workers: integer(0)
    .nullable()
    .default(null)
    .describe(
      "Threads that read and tokenize data; 0 uses the main thread, between steps. If not set: one " +
        "for every four cores, at most 4. Does not affect results.",
    ),
  dataloader_prefetch_factor: integer(1)
    .default(2)
    .describe("Micro-batches that each of these threads prepares in advance."),
  reasoning: choice(["drop", "keep", "last", "split"])
    .nullable()
    .default(null)
    .describe(
      "What is learnt of reasoning (reasoning_content, or <think> in the content) where the chat " +
        "template leaves out that of earlier turns: drop takes all of it out, keep writes it in " +
        "every turn, last leaves it in the last turn only, split makes one sequence for each turn. " +
        "If not set, rows that lose reasoning are refused.",
    ),
  train_on_prompt: boolean()
    .default(false)
    .describe(
      "Train on every token of a conversation, not on the assistant's turns only. In rows with prompt " +
        "and completion, the completion alone is trained on all the same.",
    ),
  mask_history: boolean()
    .default(false)
    .describe("Of a conversation, train on the last turn of the assistant only."),
  default_system: text()
    .nullable()
    .default(null)
    .describe("System message of conversations that have none."),
  same_role: choice(["refuse", "join"])
    .default("refuse")
    .describe(
      "How to handle two messages of the user, or two of the assistant, in a row: refuse such rows, or join the " +
        "messages with an empty line between them.",
    ),
  moss_tools: choice(["keep", "drop", "refuse"])
    .default("keep")
    .describe(
      "How to handle MOSS's inner thoughts, commands and tool results: keep them as messages, drop " +
        "them, or refuse rows that have them.",
    ),
  moss_learn: list(["human", "thoughts", "commands", "results", "answers"])
    .default(["thoughts", "commands", "answers"])
    .describe("The parts of MOSS's turns that are trained on."),
  moss_meta_instruction: boolean()
    .default(false)
    .describe("Keep MOSS's meta_instruction as the system message."),
  placeholders: textRecord()
    .default({})
    .describe('Replacements for {{name}} in the data, for example {"name": "Tom"}.'),
};

export const adapterFields = {
  task_type: choice(["sft", "pretrain"])
    .default("sft")
    .describe(
      "sft: supervised fine-tuning, which trains on the assistant's turns of conversations. " +
        "pretrain: continued pretraining, which trains on every token of plain texts " +
        '({"text": ...}), without a chat template.',
    ),
  train_mode: choice(["full", "lora", "qlora"])
    .nullable()
    .default(null)
    .describe(
      "full trains all weights, lora an adapter, qlora an adapter on top of 4-bit (NF4) weights. If " +
        "not set: qlora with bits 4, lora with a lora_rank, otherwise full.",
    ),
  bits: z
    .preprocess(
      (value) => (typeof value === "string" ? Number(value) : value),
      z.literal([4, 16, 32]),
    )
    .nullable()
    .default(null)
    .describe(
      "Bits per base weight: 4 is NF4 with double quantization, 16 requires bf16 or fp16, 32 is " +
        "float32. If not set, it follows from train_mode, bf16 and fp16.",
    ),
  lora_rank: integer(1)
    .nullable()
    .default(null)
    .describe("Rank of the adapter. If not set: 64 with train_mode lora or qlora."),
  lora_alpha: number(z.number().gt(0))
    .default(16)
    .describe("The adapter's output is scaled by lora_alpha / lora_rank."),
  use_rslora: boolean()
    .default(false)
    .describe("Scale by lora_alpha / sqrt(lora_rank) instead (rank-stabilized LoRA)."),
  lora_dropout: number(z.number().min(0).lt(1))
    .default(0.05)
    .describe("Dropout probability for the adapter's input."),
  lora_target: targets()
    .default("all")
    .describe(
      "The layers that get an adapter: all (every linear layer except the output head), a list of " +
        "names and ends of names such as q_proj,v_proj,lm_head, or a regular expression for whole " +
        "names, such as .*layers\\.[0-7]\\..*_proj.",
    ),
  exclude_modules: targets()
    .nullable()
    .default(null)
    .describe("Layers that get no adapter, named as in lora_target."),
  layers_to_transform: integers()
    .nullable()
    .default(null)
    .describe("Numbers of the layers that lora_target is restricted to. If not set: all."),
  layers_pattern: words()
    .nullable()
    .default(null)
    .describe(
      "What stands before the number of a layer, for layers_to_transform. If not set: anything.",
    ),
  rank_pattern: numberRecord(z.number().int().min(1))
    .default({})
    .describe(
      'Ranks of layers that differ from lora_rank, by name, end of a name or regular expression: {"down_proj": 16}.',
    ),
  alpha_pattern: numberRecord(z.number().gt(0))
    .default({})
    .describe("Values of lora_alpha for some layers, in the same way."),
  use_dora: boolean()
    .default(false)
    .describe("Train the lengths of the rows of the weights apart from their directions (DoRA)."),
  lora_bias: boolean().default(false).describe("Give the adapter's second matrix a bias."),
  bias: choice(["none", "all", "lora_only"])
    .default("none")
    .describe("Which biases of the model are trained too: none, all, or those of adapted layers."),
  modules_to_save: words()
    .nullable()
    .default(null)
    .describe(
      "Modules that are trained whole and saved with the adapter, such as embed_tokens,lm_head.",
    ),
  trainable_token_indices: tokenIndices()
    .nullable()
    .default(null)
    .describe(
      "Ids of tokens whose rows of the embedding are trained, or lists of ids by module " +
        '({"embed_tokens": [5, 6]}).',
    ),
  ensure_weight_tying: boolean()
    .default(false)
    .describe(
      "With modules_to_save: keep embedding and output head one weight, in a model where they are.",
    ),
  init_lora_weights: beginning()
    .default(true)
    .describe(
      "How the adapter begins: true (its first matrix random, the second zero), gaussian, orthogonal, " +
        "false (both random), or pissa and olora, which take a part of the weights into the adapter.",
    ),
  loraplus_lr_ratio: number(z.number().gt(0))
    .nullable()
    .default(null)
    .describe(
      "Learning rate of the adapter's second matrices, and of biases and norms, as a multiple of " +
        "learning_rate (LoRA+). If not set: 1.",
    ),
  loraplus_lr_embedding: number(z.number().gt(0))
    .default(1e-6)
    .describe("With loraplus_lr_ratio: peak learning rate of an adapter of the embedding."),
  save_plain_lora: boolean()
    .default(false)
    .describe(
      "With init_lora_weights pissa or olora: save the result as a plain adapter of twice the rank, as " +
        "PEFT's conversion does. Loading it then takes no decomposition of the weights.",
    ),
};

export const precisionFields = {
  bf16: boolean().default(false).describe("Train in bfloat16."),
  fp16: boolean()
    .default(false)
    .describe("Train in float16 with loss scaling. On a CPU, bfloat16 is used instead."),
  compute_dtype: choice(["auto", "float32", "bfloat16", "float16"])
    .default("auto")
    .describe(
      "Number type of matrix products. auto uses the type of the weights, or float32 for bfloat16 " +
        "weights on a CPU whose instructions multiply float32 faster. The type used is saved with " +
        "every checkpoint, and a resumed run keeps it.",
    ),
  gradient_checkpointing: boolean()
    .default(true)
    .describe(
      "Recompute activations in the backward pass where keeping them takes more than a quarter of the free memory; false always keeps them.",
    ),
  max_memory: z
    .preprocess(
      textToNumber,
      z.union([
        z
          .number()
          .int()
          .min(2 ** 20),
        z.string().min(1),
      ]),
    )
    .nullable()
    .default(null)
    .describe(
      "Memory that training may take: a size (8GB, 7.5GiB), a share of what there is (70%), or bytes. " +
        "On a GPU, of the GPU's memory. The limits of containers and of ulimit hold without it.",
    ),
  dry_run: z
    .preprocess(
      (value) => ({ true: "yes", false: "no" })[String(textToBoolean(value))] ?? value,
      z.enum(["auto", "yes", "no"]),
    )
    .default("auto")
    .describe(
      "Try the largest batch of the data before the first step, and tell what it needs. auto: where that " +
        "takes less than 5 % of the run.",
    ),
};
