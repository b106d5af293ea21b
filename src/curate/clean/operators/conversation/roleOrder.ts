/** Roles that take turns: what is out of order is joined, dropped, or the row left out. */
import { z } from "zod";
import { checkConversation } from "../../../../data/index.js";
import type { Message } from "../../../../text/index.js";
import { DataError } from "../../../../util/errors.js";
import type { CleanOperator } from "../../operator.js";
import { isAnswer, isConversation } from "./exchanges.js";

interface RoleOrderOptions {
  merge_same_role: boolean;
  separator: string;
  drop_leading_answers: boolean;
  drop_last_question: boolean;
}

export const fixRoleOrder: CleanOperator<RoleOrderOptions> = {
  name: "fix_role_order",
  kind: "change",
  summary: "make user and assistant alternate; remove rows in which that is impossible",
  options: z.strictObject({
    merge_same_role: z
      .boolean()
      .default(true)
      .describe("merge consecutive messages of the same role, unless they call tools"),
    separator: z.string().default("\n").describe("separator between merged messages"),
    drop_leading_answers: z
      .boolean()
      .default(true)
      .describe("drop assistant messages before the first question"),
    drop_last_question: z
      .boolean()
      .default(true)
      .describe("drop user messages after the last answer"),
  }),
  prepare(options) {
    return (row) => {
      if (!isConversation(row)) return row;
      let { messages } = row;
      if (options.drop_leading_answers) messages = withoutLeadingAnswers(messages);
      if (options.merge_same_role) messages = merged(messages, options.separator);
      if (options.drop_last_question) messages = withoutLastQuestion(messages);
      const fault = orderFault(messages);
      if (fault !== undefined) return { reason: fault };
      return messages === row.messages ? row : { ...row, messages };
    };
  },
};

function withoutLeadingAnswers(messages: Message[]): Message[] {
  const first = messages.findIndex(({ role }) => role === "user");
  const isLeading = (message: Message, index: number) => index < first && isAnswer(message);
  return messages.some(isLeading)
    ? messages.filter((message, index) => !isLeading(message, index))
    : messages;
}

function withoutLastQuestion(messages: Message[]): Message[] {
  const end = messages.findLastIndex(({ role }) => role !== "user") + 1;
  return end > 0 && end < messages.length ? messages.slice(0, end) : messages;
}

/** Neighbours that differ in more than their contents stay apart. */
function merged(messages: Message[], separator: string): Message[] {
  const joined: Message[] = [];
  for (const message of messages) {
    const before = joined.at(-1);
    if (before && canJoin(before, message)) {
      const content = `${before.content}${separator}${message.content}`;
      joined[joined.length - 1] = { ...before, content };
    } else {
      joined.push(message);
    }
  }
  return joined.length === messages.length ? messages : joined;
}

function canJoin(one: Message, other: Message): boolean {
  if (one.role !== other.role || one.role === "tool" || one.role === "system") return false;
  const plain = new Set(["role", "content", "train"]);
  const isPlain = (message: Message) => Object.keys(message).every((key) => plain.has(key));
  return isPlain(one) && isPlain(other) && one.train === other.train;
}

/** What the rules for training say about the roles alone: empty messages are another operator's. */
function orderFault(messages: readonly Message[]): string | undefined {
  try {
    checkConversation(messages.map((message) => ({ ...message, content: message.content || "-" })));
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
  return undefined;
}
