/** What is done with the shown conversation. */
import { useState } from "react";
import { addressOf, goTo } from "../../app/route";
import {
  askForAnswer,
  type Conversation,
  goOnWithAnswer,
  isAnswering,
  type Message,
  messageOf,
  newConversation,
  newId,
  plainAnswer,
  plainMessages,
  putConversation,
  shownMessages,
  stopAnswer,
  useSession,
  withMessage,
  withOtherVersion,
  withoutTurn,
} from "../conversation";

/** Likeliest tokens that are asked for beside each token of an answer. */
const topTokens = 5;

export interface TalkOptions {
  /** Id in the address; null for a new conversation. */
  id: string | null;
  model: string | null;
  /** The request's fields beside model and messages. */
  fields: Record<string, unknown>;
}

export function useTalk({ id, model, fields }: TalkOptions) {
  const session = useSession();
  const [draft, setDraft] = useState(() => newConversation(newId(), Date.now()));
  const [removed, setRemoved] = useState<Conversation | null>(null);
  const stored = session.conversations.find((conversation) => conversation.id === id);
  const conversation = stored ?? draft;
  const bodyOf = (messages: unknown[]) => ({
    model,
    messages,
    ...fields,
    logprobs: true,
    top_logprobs: topTokens,
  });
  const answer = (asked: Conversation, parent: string) => {
    if (model === null) return;
    setRemoved(null);
    askForAnswer(asked, parent, model, (next, message) => bodyOf(plainMessages(next, message)));
    if (asked.id === id) return;
    goTo(addressOf(["chat", asked.id]));
    setDraft(newConversation(newId(), Date.now()));
  };
  return {
    session,
    conversation,
    isAnswering: isAnswering(conversation.id),
    /** The conversation as it was before a turn was deleted. */
    removed: removed?.id === conversation.id ? removed : null,
    send(content: string) {
      const parent = shownMessages(conversation).at(-1)?.id ?? null;
      answer(...withMessage(conversation, { parent, role: "user", content }, Date.now()));
    },
    sendResults(message: Message, results: readonly string[]) {
      let next = conversation;
      let parent = message.id;
      for (const [i, content] of results.entries()) {
        const call = message.answer?.toolCalls[i] ?? null;
        [next, parent] = withMessage(next, { parent, role: "tool", content, call }, Date.now());
      }
      answer(next, parent);
    },
    stop: () => stopAnswer(conversation.id),
    setSystem(system: string) {
      const next = { ...conversation, system };
      if (stored) putConversation(next);
      else setDraft(next);
    },
    undo() {
      if (removed) putConversation(removed);
      setRemoved(null);
    },
    actions: {
      onEdit(message: Message, content: string) {
        const { parent } = message;
        answer(...withMessage(conversation, { parent, role: "user", content }, Date.now()));
      },
      onAgain(message: Message) {
        if (message.parent !== null) answer(conversation, message.parent);
      },
      onGoOn(message: Message) {
        if (!message.answer || !messageOf(conversation, message.id)) return;
        const messages = [...plainMessages(conversation, message.id), plainAnswer(message.answer)];
        const body = { ...bodyOf(messages), model, continue_final_message: true };
        goOnWithAnswer(conversation, message.id, body);
      },
      onRemove(message: Message) {
        setRemoved(conversation);
        putConversation(withoutTurn(conversation, message));
      },
      onVersion(message: Message, by: number) {
        putConversation(withOtherVersion(conversation, message, by));
      },
    },
  };
}
