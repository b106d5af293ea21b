/** What a configuration says about every conversation: its system message, and what of it is learnt. */
import type { Message } from "../text/index.js";
import type { FormattedRow } from "./formats/format.js";

export interface ConversationOptions {
  /** System message of conversations that have none. */
  defaultSystem?: string | undefined;
  /** Of the assistant's turns only the last is learnt, unless a message says otherwise itself. */
  maskHistory?: boolean | undefined;
  /** Every token of a conversation is learnt. */
  trainOnPrompt?: boolean | undefined;
}

/** The row as the options want it. Texts are left alone. */
export function withOptions(row: FormattedRow, options: ConversationOptions): FormattedRow {
  if (row.kind === "text") return row;
  const { defaultSystem, maskHistory } = options;
  const messages = maskHistory ? lastTurnOnly(row.messages) : row.messages;
  const hasSystem = messages.some(({ role }) => role === "system");
  if (defaultSystem === undefined || hasSystem) return { ...row, messages };
  return { ...row, messages: [{ role: "system", content: defaultSystem }, ...messages] };
}

function lastTurnOnly(messages: Message[]): Message[] {
  const isStart = ({ role, continues }: Message) => role === "assistant" && !continues;
  const last = messages.findLastIndex(isStart);
  return messages.map((message, index) => {
    if (message.role !== "assistant" || index >= last || message.train !== undefined)
      return message;
    return { ...message, train: false };
  });
}
