/**
 * Prompt and completion, as TRL has them: `{"prompt", "completion"}`, both texts or both lists of
 * messages. Only the completion is learnt. Texts become a question and an answer.
 */
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { listIn } from "./cellText.js";
import { isEntry, readMessages } from "./entries.js";
import { expectConversation, inexpressible } from "./expressible.js";
import { isRow, text } from "./fields.js";
import { conversationId } from "./firefly.js";
import type { ConversationFormat } from "./format.js";
import { withSystem } from "./system.js";
import { readTools, toolKeys } from "./toolDefinitions.js";

const name = "prompt_completion";

export const promptCompletionFormat: ConversationFormat = {
  name,
  keys: ["prompt", "completion", ...toolKeys, "system", "id"],
  matches: (row) => "prompt" in row && "completion" in row,
  read(row) {
    const prompt = messagesOf(row.prompt, "prompt", "user");
    const completion = messagesOf(row.completion, "completion", "assistant");
    const asked = completion.findIndex(({ role }) => role !== "assistant" && role !== "tool");
    if (asked >= 0) {
      throw new DataError(`completion[${asked}] has role ${completion[asked]!.role}`, {
        why: "a completion may contain assistant and tool messages only",
        todo: "move it into the prompt, or use the messages format",
      });
    }
    return {
      messages: withSystem(row.system, [...prompt.map(untrained), ...completion]),
      tools: readTools(row),
      id: conversationId(row.id),
    };
  },
  write(row) {
    expectConversation(row, name);
    const { messages } = row;
    const isLearnt = ({ role, train }: Message) => train ?? role === "assistant";
    const first = messages.findIndex(isLearnt);
    if (first < 0) inexpressible(name, "a conversation without anything to train on");
    const prompt = messages.slice(0, first);
    const completion = messages.slice(first);
    if (completion.some(({ role }) => role === "user" || role === "system")) {
      inexpressible(
        name,
        "several turns that are trained on",
        "convert to messages, or split the conversation",
      );
    }
    const bare = [...prompt, ...completion].every(
      (message) => Object.keys(message).filter((key) => key !== "train").length === 2,
    );
    const texts =
      bare && prompt.length === 1 && prompt[0]!.role === "user" && completion.length === 1;
    return {
      id: row.id,
      prompt: texts ? prompt[0]!.content : prompt.map(withoutFalse),
      completion: texts ? completion[0]!.content : completion,
      tools: row.tools,
    };
  },
};

/** A text as one message of a role, or a list of messages. */
export function messagesOf(value: unknown, name: string, role: "user" | "assistant"): Message[] {
  const list = listIn(value);
  const isText =
    typeof value === "string" && !list?.every((entry) => isRow(entry) && isEntry(entry));
  return list && !isText ? readMessages(list, name) : [{ role, content: text(value, name) }];
}

/** Answers in a prompt are there already, unless they say otherwise themselves. */
function untrained(message: Message): Message {
  return message.role === "assistant" ? { train: false, ...message } : message;
}

function withoutFalse(message: Message): Message {
  const { train: _train, ...rest } = message;
  return rest as Message;
}
