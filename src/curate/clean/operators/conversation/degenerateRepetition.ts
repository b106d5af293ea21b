/** Answers that a model produced while it was stuck. */
import { z } from "zod";
import { excerpt } from "../../../../util/excerpt.js";
import { type CleanOperator, textsOf } from "../../operator.js";
import { longestLoop, repeatedSentences, withoutCode } from "./loops.js";

interface RepetitionOptions {
  loop_repeats: number;
  loop_characters: number;
  sentence_characters: number;
  sentence_repeats: number;
  repeated_share: number;
}

export const filterDegenerateRepetition: CleanOperator<RepetitionOptions> = {
  name: "filter_degenerate_repetition",
  kind: "filter",
  summary: "remove rows with an answer or reasoning that keeps repeating itself",
  options: z.strictObject({
    loop_repeats: z
      .int()
      .min(2)
      .default(5)
      .describe("number of consecutive repetitions that make a loop"),
    loop_characters: z.int().min(1).default(100).describe("minimum number of characters of a loop"),
    sentence_characters: z
      .int()
      .min(1)
      .default(12)
      .describe("shorter sentences and lines may be repeated"),
    sentence_repeats: z
      .int()
      .min(2)
      .default(5)
      .describe("number of occurrences of a sentence that is too many"),
    repeated_share: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .describe("only if repeated sentences make up this fraction of the answer"),
  }),
  prepare(options) {
    return (row) => {
      for (const [index, message] of row.messages.entries()) {
        if (message.role !== "assistant") continue;
        for (const text of textsOf(message)) {
          const fault = repetitionOf(text, options);
          if (fault !== undefined) return { reason: `message ${index + 1}: ${fault}` };
        }
      }
      return row;
    };
  },
};

/** What privacy operators put into lists of numbers and addresses. */
const placeholder = /<[A-Z][A-Z_]{1,20}>/g;

function repetitionOf(content: string, options: RepetitionOptions): string | undefined {
  const text = content.replace(placeholder, (found, at) => `${found}${at}`);
  const loop = longestLoop(withoutCode(text));
  if (loop && loop.repeats >= options.loop_repeats && loop.characters >= options.loop_characters) {
    return `${JSON.stringify(excerpt(loop.unit, 0, 30))} ${loop.repeats} times in a row`;
  }
  const { most, sentence, share } = repeatedSentences(text, options.sentence_characters);
  if (most < options.sentence_repeats || share < options.repeated_share) return undefined;
  const percent = Math.round(share * 100);
  return `${JSON.stringify(excerpt(sentence, 0, 30))} ${most} times, ${percent}% is repeated`;
}
