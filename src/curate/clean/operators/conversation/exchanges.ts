/** Conversations as exchanges: a question, and everything up to the next question. */
import type { Message } from "../../../../text/index.js";

export interface Exchanges {
  /** Messages before the first question: the system's, and a leading answer. */
  opening: readonly Message[];
  /** Each begins with a message of the user. */
  exchanges: readonly (readonly Message[])[];
}

export function splitExchanges(messages: readonly Message[]): Exchanges {
  const opening: Message[] = [];
  const exchanges: Message[][] = [];
  for (const message of messages) {
    if (message.role === "user") exchanges.push([message]);
    else (exchanges.at(-1) ?? opening).push(message);
  }
  return { opening, exchanges };
}

/** Whether the assistant answers in words: not by a call of a tool that is still to come. */
export function isAnswer({ role, tool_calls: calls }: Message): boolean {
  return role === "assistant" && !calls?.length;
}

/** What a row has that speaks in turns; a plain text has no turns. */
export function isConversation({ kind }: { kind?: "text" }): boolean {
  return kind === undefined;
}
