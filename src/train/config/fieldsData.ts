/** Configuration fields about the data and the order it comes in. */
import { integer, paths } from "./values.js";

export const dataFields = {
  train_file: paths().describe(
    "Conversations to train on: one file or a list, in the messages, Firefly or MOSS format.",
  ),
  eval_file: paths()
    .nullable()
    .default(null)
    .describe("Held-out conversations, one file or a list; needed for evaluation."),
  max_seq_length: integer(2)
    .default(1024)
    .describe("Longest sequence in tokens; a longer conversation is cut at the right."),
  per_device_train_batch_size: integer(1)
    .default(8)
    .describe("Conversations in one forward pass; they are packed, never padded."),
  per_device_eval_batch_size: integer(1)
    .default(8)
    .describe("Conversations in one forward pass of an evaluation."),
  seed: integer(0).default(42).describe("Seed of the adapter's first weights and of dropout."),
  data_seed: integer(0)
    .nullable()
    .default(null)
    .describe("Seed of the order of the data; seed where not given."),
};
