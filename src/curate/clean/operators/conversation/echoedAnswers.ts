/** Answers that only say the question again. */
import { z } from "zod";
import type { CleanOperator } from "../../operator.js";
import { isAnswer } from "./exchanges.js";

interface EchoOptions {
  minimum_characters: number;
}

export const filterEchoedAnswers: CleanOperator<EchoOptions> = {
  name: "filter_echoed_answers",
  kind: "filter",
  summary: "remove rows with an answer that repeats its question",
  options: z.strictObject({
    minimum_characters: z
      .int()
      .min(1)
      .default(6)
      .describe("shorter answers are kept: hello may be answered by hello"),
  }),
  prepare({ minimum_characters: minimum }) {
    return (row) => {
      // Where the system asks for it, an answer may be the question with other case and punctuation.
      const isInstructed = row.messages.some(({ role }) => role === "system");
      const form = isInstructed ? (text: string) => text.trim() : bare;
      const at = row.messages.findIndex((message, index) => {
        const before = row.messages[index - 1];
        if (!isAnswer(message) || before?.role !== "user") return false;
        const answer = form(message.content);
        return answer.length >= minimum && answer === form(before.content);
      });
      return at < 0 ? row : { reason: `message ${at + 1} repeats the question` };
    };
  },
};

/** Without case, punctuation and space. */
function bare(text: string): string {
  return text.toLowerCase().replace(/[\p{P}\p{S}\s]+/gu, "");
}
