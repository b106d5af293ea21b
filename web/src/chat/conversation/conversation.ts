/**
 * A conversation: a tree of messages, of which one path is shown. An edited question or another answer
 * is a brother of the first, so that nothing is lost by trying.
 */
import { type Answer, hasText, type ToolCall } from "../answers";

export interface Message {
  id: string;
  parent: string | null;
  role: "user" | "assistant" | "tool";
  /** What the user wrote, or a tool's result; of an assistant the text is in `answer`. */
  content: string;
  answer: Answer | null;
  /** Call that a tool's result answers. */
  call: ToolCall | null;
}

export interface Conversation {
  id: string;
  /** Given by the user; null for the first question's beginning. */
  name: string | null;
  /** In ms since 1970. */
  updated: number;
  system: string;
  /** In the order in which they were made. */
  messages: Message[];
  /** Number of the next message. */
  next: number;
  /** For each message with several that follow it, the one that is shown; "" stands for the beginning. */
  shown: Record<string, string>;
}

export function newConversation(id: string, now: number, system = ""): Conversation {
  return { id, name: null, updated: now, system, messages: [], next: 1, shown: {} };
}

const longestTitle = 48;

/** Its name, or how its first question begins; "" where there is none yet. */
export function titleOf(conversation: Conversation): string {
  if (conversation.name) return conversation.name;
  const first = shownMessages(conversation)[0]?.content.trim().split("\n")[0] ?? "";
  return first.length > longestTitle ? `${first.slice(0, longestTitle)}…` : first;
}

/** Messages that follow one (null: the beginning), oldest first. */
export function following(conversation: Conversation, parent: string | null): Message[] {
  return conversation.messages.filter((message) => message.parent === parent);
}

/** The path that is shown, from the beginning to its end. */
export function shownMessages(conversation: Conversation): Message[] {
  const path: Message[] = [];
  for (let parent: string | null = null; ; ) {
    const choices = following(conversation, parent);
    const chosen: string | undefined = conversation.shown[parent ?? ""];
    const message: Message | undefined = choices.find(({ id }) => id === chosen) ?? choices.at(-1);
    if (!message) return path;
    path.push(message);
    parent = message.id;
  }
}

export function messageOf(conversation: Conversation, id: string): Message | undefined {
  return conversation.messages.find((message) => message.id === id);
}

/** The conversation with one more message, which is shown; and its id. */
export function withMessage(
  conversation: Conversation,
  message: Pick<Message, "parent" | "role" | "content"> & Partial<Message>,
  now: number,
): [Conversation, string] {
  const id = `m${conversation.next}`;
  const added: Message = { answer: null, call: null, ...message, id };
  const next = {
    ...conversation,
    updated: now,
    next: conversation.next + 1,
    messages: [...conversation.messages, added],
    shown: { ...conversation.shown, [message.parent ?? ""]: id },
  };
  return [next, id];
}

export function withAnswer(conversation: Conversation, id: string, answer: Answer): Conversation {
  const messages = conversation.messages.map((message) =>
    message.id === id ? { ...message, answer } : message,
  );
  return { ...conversation, messages };
}

/** Messages in the same place, oldest first. */
export function versionsOf(conversation: Conversation, message: Message): Message[] {
  return following(conversation, message.parent).filter(({ role }) => role === message.role);
}

/** Shows the version of a message that stands `by` places further. */
export function withOtherVersion(
  conversation: Conversation,
  message: Message,
  by: number,
): Conversation {
  const versions = versionsOf(conversation, message);
  const other = versions[versions.findIndex(({ id }) => id === message.id) + by];
  if (!other) return conversation;
  return { ...conversation, shown: { ...conversation.shown, [message.parent ?? ""]: other.id } };
}

/** Without a question, what answers it, and their other versions; what follows them moves up. */
export function withoutTurn(conversation: Conversation, question: Message): Conversation {
  const path = shownMessages(conversation);
  const at = path.findIndex(({ id }) => id === question.id);
  const after = path.slice(at + 1).find(({ role }) => role === "user");
  const kept = new Set(after ? following(conversation, after.parent).map(({ id }) => id) : []);
  const gone = new Set<string>();
  const forget = (message: Message) => {
    if (kept.has(message.id)) return;
    gone.add(message.id);
    for (const child of following(conversation, message.id)) forget(child);
  };
  for (const version of versionsOf(conversation, question)) forget(version);
  const messages = conversation.messages
    .filter(({ id }) => !gone.has(id))
    .map((message) => (kept.has(message.id) ? { ...message, parent: question.parent } : message));
  const shown = Object.fromEntries(
    Object.entries(conversation.shown).filter(([parent]) => !gone.has(parent)),
  );
  if (after) shown[question.parent ?? ""] = after.id;
  else delete shown[question.parent ?? ""];
  return { ...conversation, messages, shown };
}

/** A message as OpenAI's API and training files have it. */
export interface PlainMessage {
  role: "system" | "user" | "assistant" | "tool";
  content: string | null;
  reasoning_content?: string;
  tool_calls?: { id: string; type: "function"; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

export function plainAnswer({ content, reasoning, toolCalls }: Answer): PlainMessage {
  return {
    role: "assistant",
    content,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(toolCalls.length === 0
      ? {}
      : {
          tool_calls: toolCalls.map(({ id, name, arguments: text }) => ({
            id,
            type: "function" as const,
            function: { name, arguments: text },
          })),
        }),
  };
}

/**
 * The shown path as plain messages, the system prompt first. Questions without an answer are left out
 * with their empty answer, but for the last.
 *
 * @param until the message that the list ends before; default: the whole path
 */
export function plainMessages(
  conversation: Conversation,
  until: string | null = null,
): PlainMessage[] {
  const path = shownMessages(conversation);
  const end = until === null ? path.length : path.findIndex(({ id }) => id === until);
  const plain: PlainMessage[] = [];
  if (conversation.system.trim() !== "") {
    plain.push({ role: "system", content: conversation.system });
  }
  for (const [i, message] of path.slice(0, end).entries()) {
    const { role, content, answer, call } = message;
    if (role === "assistant") {
      if (answer && hasText(answer)) plain.push(plainAnswer(answer));
      else if (plain.at(-1)?.role === "user" && i < end - 1) plain.pop();
    } else if (role === "tool") {
      plain.push({ role, content, ...(call ? { tool_call_id: call.id } : {}) });
    } else plain.push({ role, content });
  }
  return plain;
}
