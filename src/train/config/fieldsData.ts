/** Configuration fields about the data and the order it comes in. */
import { boolean, choice, integer, paths, sources } from "./values.js";

export const dataFields = {
  train_file: sources().describe(
    "Conversations to train on: one file, or a list of files and of sources {path, weight, repeat, " +
      "limit, sample, format}; docs/data.md says what each means.",
  ),
  eval_file: paths()
    .nullable()
    .default(null)
    .describe("Held-out conversations, one file or a list; needed for evaluation."),
  max_seq_length: integer(2)
    .default(1024)
    .describe(
      "Longest sequence in tokens; over_length says what becomes of a longer conversation.",
    ),
  per_device_train_batch_size: integer(1)
    .default(8)
    .describe(
      "Conversations in one forward pass; they are packed, never padded. With packing, how many " +
        "times max_seq_length tokens.",
    ),
  packing: boolean()
    .default(false)
    .describe(
      "Fill each forward pass with about per_device_train_batch_size times max_seq_length tokens, " +
        "however many conversations that takes; they do not see each other.",
    ),
  per_device_eval_batch_size: integer(1)
    .default(8)
    .describe("Conversations in one forward pass of an evaluation."),
  seed: integer(0).default(42).describe("Seed of the adapter's first weights and of dropout."),
  data_seed: integer(0)
    .nullable()
    .default(null)
    .describe("Seed of the order of the data; seed where not given."),
  on_error: choice(["fail", "skip"])
    .default("fail")
    .describe("A row that cannot be trained on stops the run, or is left out and listed."),
  check_rows: choice(["auto", "all", "none"])
    .default("auto")
    .describe(
      "Whether all rows are gone through before training begins, so that a bad one stops the run " +
        "before it has cost time: auto does it for files of up to 16 MiB together.",
    ),
  streaming: boolean()
    .default(false)
    .describe(
      "Read train_file from its beginning to its end, without an index: for pipes and URLs. " +
        "Needs max_steps.",
    ),
  shuffle_buffer_size: integer(1)
    .default(10_000)
    .describe("With streaming: rows held in memory, of which the next one is drawn."),
  dataloader_num_workers: integer(0)
    .nullable()
    .default(null)
    .describe(
      "Threads that read and tokenise; 0 does it in the main thread, between steps. Not set: one " +
        "for every four cores, up to 4. Changes no result.",
    ),
  dataloader_prefetch_factor: integer(1)
    .default(2)
    .describe("Micro-batches that each of these threads makes ready beforehand."),
};
