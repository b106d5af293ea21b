/** Operators on which turns a conversation has: empty, one-sided, too many, the same again. */
import { z } from "zod";
import type { Message } from "../../../../text/index.js";
import { stringifyJson } from "../../../../util/json/index.js";
import type { CanonicalRow, CleanOperator } from "../../operator.js";
import { isConversation, splitExchanges } from "./exchanges.js";

interface EmptyTurnsOptions {
  empty_words: string[];
  drop_at_end: boolean;
}

/** Nothing but space, or what programs write for nothing. */
export const dropEmptyTurns: CleanOperator<EmptyTurnsOptions> = {
  name: "drop_empty_turns",
  kind: "filter",
  summary:
    "cut an empty or unanswered exchange at the end; remove rows with empty messages elsewhere",
  options: z.strictObject({
    empty_words: z
      .array(z.string())
      .default(["nan", "NaN", "null", "undefined", "<noinput>", "<nooutput>", "[object Object]"])
      .describe("contents that count as empty"),
    drop_at_end: z
      .boolean()
      .default(true)
      .describe("cut at the end if an exchange remains before it; false: remove the row"),
  }),
  prepare({ empty_words: words, drop_at_end: cutsEnd }) {
    const nothing = new Set(words);
    return (row) => {
      const { opening, exchanges } = splitExchanges(row.messages);
      // "What does typeof x print?" may be answered by "undefined".
      const isAboutValues = row.messages.some(
        ({ role, content }) => role !== "assistant" && aboutValues.test(content),
      );
      const isEmpty = ({ role, content, tool_calls: calls }: Message) => {
        if (role === "tool" || role === "system" || calls?.length) return false;
        const text = content.trim();
        if (text === "") return true;
        return nothing.has(text) && !(role === "assistant" && isAboutValues);
      };
      const isBad = (exchange: readonly Message[]) =>
        exchange.some(isEmpty) || (isConversation(row) && exchange.length === 1);
      let kept = exchanges.length;
      if (cutsEnd) while (kept > 1 && isBad(exchanges[kept - 1]!)) kept--;
      const left = exchanges.slice(0, kept);
      // A question without an answer between others is one that goes on: fix_role_order joins them.
      const bad = left.findIndex((exchange, index) =>
        index === left.length - 1 ? isBad(exchange) : exchange.some(isEmpty),
      );
      if (opening.some(isEmpty)) return { reason: "an empty message before the first question" };
      if (bad >= 0) {
        const what = left[bad]!.some(isEmpty) ? "has an empty message" : "has no answer";
        return { reason: `exchange ${bad + 1} of ${exchanges.length} ${what}` };
      }
      return kept === exchanges.length ? row : withMessages(row, [opening, ...left].flat());
    };
  },
};

/** Questions that a value of a program answers. */
const aboutValues =
  /\b(?:null|undefined|nan|json|java(?:script)?|python|sql|type ?of|console|code|functions?|variables?|return(?:s|ed)?|prints?|outputs?|evaluates?|expression|extract)\b|代码|函数|变量|返回|输出|打印|表达式|空值|提取/i;

interface OneSidedOptions {
  minimum_questions: number;
  minimum_answers: number;
}

export const filterOneSided: CleanOperator<OneSidedOptions> = {
  name: "filter_one_sided",
  kind: "filter",
  summary: "remove rows without any text from the user or the assistant",
  options: z.strictObject({
    minimum_questions: z
      .int()
      .min(0)
      .default(1)
      .describe("minimum number of user messages with text"),
    minimum_answers: z
      .int()
      .min(0)
      .default(1)
      .describe("minimum number of assistant messages with text or a tool call"),
  }),
  prepare({ minimum_questions: questions, minimum_answers: answers }) {
    return (row) => {
      if (!isConversation(row)) return row;
      const count = (role: string) =>
        row.messages.filter(
          (message) =>
            message.role === role && (message.tool_calls?.length || message.content.trim() !== ""),
        ).length;
      const asked = count("user");
      const answered = count("assistant");
      if (asked < questions) return { reason: `${asked} questions < ${questions}` };
      if (answered < answers) return { reason: `${answered} answers < ${answers}` };
      return row;
    };
  },
};

interface TurnCountOptions {
  minimum: number;
  maximum: number;
  cut: boolean;
}

export const filterTurnCount: CleanOperator<TurnCountOptions> = {
  name: "filter_turn_count",
  kind: "filter",
  summary: "remove rows with too few or too many exchanges, or cut the long ones",
  options: z.strictObject({
    minimum: z.int().min(0).default(1).describe("minimum number of exchanges (user messages)"),
    maximum: z.int().min(1).default(100).describe("maximum number of exchanges"),
    cut: z
      .boolean()
      .default(false)
      .describe("keep the first `maximum` exchanges of a longer conversation"),
  }),
  prepare({ minimum, maximum, cut }) {
    return (row) => {
      if (!isConversation(row)) return row;
      const { opening, exchanges } = splitExchanges(row.messages);
      const turns = exchanges.length;
      if (turns < minimum) return { reason: `${turns} exchanges < ${minimum}` };
      if (turns <= maximum) return row;
      if (!cut) return { reason: `${turns} exchanges > ${maximum}` };
      return withMessages(row, [opening, ...exchanges.slice(0, maximum)].flat());
    };
  },
};

interface DuplicateTurnsOptions {
  same_answer_characters: number;
}

export const dropDuplicateTurns: CleanOperator<DuplicateTurnsOptions> = {
  name: "drop_duplicate_turns",
  kind: "filter",
  summary: "drop repeated exchanges; remove rows that give the same answer to different questions",
  options: z.strictObject({
    same_answer_characters: z
      .int()
      .min(1)
      .default(80)
      .describe("minimum length of an answer that must not be given to two different questions"),
  }),
  prepare({ same_answer_characters: long }) {
    return (row) => {
      const { opening, exchanges } = splitExchanges(row.messages);
      const seen = new Set<string>();
      const questionsOf = new Map<string, string>();
      const kept: (readonly Message[])[] = [];
      for (const exchange of exchanges) {
        const key = stringifyJson(exchange.map(comparable));
        if (seen.has(key)) continue;
        seen.add(key);
        kept.push(exchange);
        const question = exchange[0]!.content.trim();
        for (const { role, content } of exchange) {
          const answer = content.trim();
          if (role !== "assistant" || answer.length < long) continue;
          const earlier = questionsOf.get(answer);
          if (earlier !== undefined && earlier !== question) {
            return { reason: `the same answer of ${answer.length} characters to two questions` };
          }
          questionsOf.set(answer, question);
        }
      }
      return kept.length === exchanges.length ? row : withMessages(row, [opening, ...kept].flat());
    };
  },
};

function comparable({
  role,
  content,
  tool_calls: calls,
  reasoning_content: reasoning,
}: Message): unknown {
  return [role, content.trim(), calls?.map((call) => call.function) ?? null, reasoning ?? null];
}

function withMessages(row: CanonicalRow, messages: Message[]): CanonicalRow {
  return { ...row, messages };
}
