/** Answers that stop in the middle: the conversation is cut before them, or left out. */
import { z } from "zod";
import type { CleanOperator } from "../../operator.js";
import { isAnswer, isConversation, splitExchanges } from "./exchanges.js";
import { truncationOf } from "./truncation.js";

interface TruncatedAnswersOptions {
  action: "cut" | "reject";
  minimum_characters: number;
}

export const cutTruncatedAnswers: CleanOperator<TruncatedAnswersOptions> = {
  name: "cut_truncated_answers",
  kind: "filter",
  summary: "cut a conversation before an answer that is truncated, or remove the row",
  options: z.strictObject({
    action: z
      .enum(["cut", "reject"])
      .default("cut")
      .describe("cut: keep the exchanges before it, if there are any; reject: remove the row"),
    minimum_characters: z.int().min(0).default(40).describe("shorter answers count as complete"),
  }),
  prepare({ action, minimum_characters: minimum }) {
    const fault = (content: string) =>
      content.length < minimum ? undefined : truncationOf(content);
    return (row) => {
      if (!isConversation(row)) return row;
      const { opening, exchanges } = splitExchanges(row.messages);
      for (const [index, exchange] of exchanges.entries()) {
        const last = exchange.at(-1)!;
        const reason = isAnswer(last) ? fault(last.content) : undefined;
        if (reason === undefined) continue;
        if (action === "cut" && index > 0) {
          return { ...row, messages: [opening, ...exchanges.slice(0, index)].flat() };
        }
        return { reason: `answer ${index + 1}: ${reason}` };
      }
      return row;
    };
  },
};
