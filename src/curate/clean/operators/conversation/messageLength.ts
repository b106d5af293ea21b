/** Limits on the length of each message and of all of them. */
import { z } from "zod";
import type { CleanOperator } from "../../operator.js";

interface MessageLengthOptions {
  minimum_question: number;
  maximum_question: number;
  minimum_answer: number;
  maximum_answer: number;
  maximum_total: number;
}

const limit = (value: number, description: string) =>
  z.int().min(0).default(value).describe(description);

/** Characters are Unicode code points: 你 is one, as is an emoji of one code point. */
export const filterMessageLength: CleanOperator<MessageLengthOptions> = {
  name: "filter_message_length",
  kind: "filter",
  summary: "remove rows with a message that is too short or too long (in characters)",
  options: z.strictObject({
    minimum_question: limit(1, "minimum number of characters of a user message"),
    maximum_question: limit(20_000, "maximum number of characters of a user message"),
    minimum_answer: limit(
      1,
      "minimum number of characters of an answer; tool calls are not counted",
    ),
    maximum_answer: limit(20_000, "maximum number of characters of an answer"),
    maximum_total: limit(100_000, "maximum number of characters of all messages together"),
  }),
  prepare(options) {
    const limits: Readonly<Record<string, readonly [name: string, least: number, most: number]>> = {
      user: ["question", options.minimum_question, options.maximum_question],
      assistant: ["answer", options.minimum_answer, options.maximum_answer],
    };
    return (row) => {
      let total = 0;
      for (const { role, content, tool_calls: calls } of row.messages) {
        const characters = countCodePoints(content);
        total += characters;
        const [name, least, most] = limits[role] ?? [role, 0, Number.POSITIVE_INFINITY];
        if (characters > most) return { reason: `${name} of ${characters} characters > ${most}` };
        if (characters < least && !calls?.length) {
          return { reason: `${name} of ${characters} characters < ${least}` };
        }
      }
      if (total <= options.maximum_total) return row;
      return { reason: `${total} characters in all > ${options.maximum_total}` };
    };
  },
};

function countCodePoints(text: string): number {
  let pairs = 0;
  for (let index = 1; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xdc00 && unit <= 0xdfff && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800) {
      pairs++;
    }
  }
  return text.length - pairs;
}
