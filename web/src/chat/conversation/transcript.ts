/** Conversations as files: Markdown to read, rows that `train` accepts, and back. */
import { isOpen, newAnswer } from "../answers";
import {
  type Conversation,
  newConversation,
  type PlainMessage,
  plainMessages,
  titleOf,
  withAnswer,
  withMessage,
} from "./conversation";

/** A row of training data. */
export interface TranscriptRow {
  messages: PlainMessage[];
  tools?: unknown;
}

/** The shown path as a row; null where no question has an answer. */
export function rowOf(conversation: Conversation): TranscriptRow | null {
  const answered = answeredOnly(plainMessages(conversation));
  return answered.some(({ role }) => role === "assistant") ? { messages: answered } : null;
}

/** Without questions at the end that nothing answers: nothing could be learnt from them. */
function answeredOnly(messages: PlainMessage[]): PlainMessage[] {
  const last = messages.findLastIndex(({ role }) => role === "assistant");
  return messages.slice(0, last + 1);
}

export function jsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

export interface SpeakerNames {
  system: string;
  user: string;
  assistant: string;
  tool: string;
}

/** The shown path to read: a heading, then each message below its speaker. */
export function markdownOf(conversation: Conversation, names: SpeakerNames): string {
  const title = titleOf(conversation).replaceAll("#", "\\#");
  const parts = plainMessages(conversation).map((message) => markdownMessage(message, names));
  return `# ${title}\n\n${parts.join("\n\n")}\n`;
}

/** One message below the name of its speaker. */
export function markdownMessage(message: PlainMessage, names: SpeakerNames, name?: string): string {
  const { role, content, tool_calls: calls = [] } = message;
  const called = calls.map(
    ({ function: { name: tool, arguments: text } }) => `\`\`\`json\n${tool} ${text}\n\`\`\``,
  );
  const text = [content ?? "", ...called].filter((part) => part !== "").join("\n\n");
  return `**${name ?? names[role]}**\n\n${text}`;
}

/** What an imported file holds; `problems` names each line that was left out and why. */
export interface ImportedConversations {
  conversations: Conversation[];
  problems: { line: number; reason: "json" | "messages" | "role" | "order" | "content" }[];
}

/** Reads rows `{"messages": […]}`, a line each. @param newId makes an id */
export function readTranscripts(
  text: string,
  newId: () => string,
  now: number,
): ImportedConversations {
  const result: ImportedConversations = { conversations: [], problems: [] };
  for (const [i, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === "") continue;
    const read = readRow(line, newId, now);
    if (typeof read === "string") result.problems.push({ line: i + 1, reason: read });
    else result.conversations.push(read);
  }
  return result;
}

type Problem = ImportedConversations["problems"][number]["reason"];

function readRow(line: string, newId: () => string, now: number): Conversation | Problem {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return "json";
  }
  const messages = (row as { messages?: unknown } | null)?.messages;
  if (!Array.isArray(messages) || messages.length === 0) return "messages";
  let conversation = newConversation(newId(), now);
  let parent: string | null = null;
  for (const [i, message] of (messages as unknown[]).entries()) {
    const checked = checkedMessage(message);
    if (typeof checked === "string") return checked;
    const { role, content } = checked;
    if (role === "system") {
      if (i > 0) return "order";
      conversation = { ...conversation, system: content ?? "" };
      continue;
    }
    if (parent === null && role !== "user") return "order";
    const text: string = role === "assistant" ? "" : (content ?? "");
    const [next, id]: [Conversation, string] = withMessage(
      conversation,
      { parent, role, content: text },
      now,
    );
    conversation = role === "assistant" ? withAnswer(next, id, importedAnswer(checked, now)) : next;
    parent = id;
  }
  return conversation;
}

function checkedMessage(value: unknown): PlainMessage | Problem {
  const message = value as Partial<PlainMessage> | null;
  const role = message?.role;
  if (role !== "system" && role !== "user" && role !== "assistant" && role !== "tool")
    return "role";
  const isCall = role === "assistant" && Array.isArray(message?.tool_calls);
  if (typeof message?.content !== "string" && !(isCall && message?.content == null))
    return "content";
  return message as PlainMessage;
}

function importedAnswer(
  { content, reasoning_content: reasoning, tool_calls }: PlainMessage,
  now: number,
) {
  return {
    ...newAnswer("", now),
    state: "done" as const,
    content: content ?? "",
    reasoning: typeof reasoning === "string" ? reasoning : "",
    toolCalls: (tool_calls ?? []).map(({ id, function: called }) => ({
      id: id ?? "",
      name: called?.name ?? "",
      arguments:
        typeof called?.arguments === "string"
          ? called.arguments
          : JSON.stringify(called?.arguments ?? {}),
    })),
  };
}

/** A stored conversation whose page was closed while an answer came: that answer stopped there. */
export function settled(conversation: Conversation): Conversation {
  const messages = conversation.messages.map((message) =>
    message.answer && isOpen(message.answer)
      ? { ...message, answer: { ...message.answer, state: "stopped" as const, waitsUntil: null } }
      : message,
  );
  return { ...conversation, messages };
}
