/** Configuration fields about what a row of data becomes before it is trained on. */
import { boolean, choice, list, textRecord } from "./values.js";

export const rowFields = {
  over_length: choice(["cut", "cut_turn", "drop", "split"])
    .default("cut")
    .describe(
      "What becomes of a conversation longer than max_seq_length: cut at the right, cut behind the " +
        "last turn that fits whole, dropped and listed, or split at turns into several, each with " +
        "the system message. Plain texts are always split, unless dropped.",
    ),
  moss_tools: choice(["keep", "drop", "refuse"])
    .default("keep")
    .describe("MOSS's thoughts, commands and results: kept as messages, left out, or refused."),
  moss_learn: list(["human", "thoughts", "commands", "results", "answers"])
    .default(["thoughts", "commands", "answers"])
    .describe("Parts of MOSS's turns that are learnt."),
  moss_meta_instruction: boolean()
    .default(false)
    .describe("Keep MOSS's meta_instruction as the system message."),
  placeholders: textRecord()
    .default({})
    .describe('Values for {{name}} in the data: {"name": "Tom"}.'),
};
