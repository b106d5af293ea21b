/** Two messages of one role in a row, as exports of chats have them, become one. */
import { isDeepStrictEqual } from "node:util";
import type { Message } from "../text/index.js";
import type { FormattedRow } from "./formats/format.js";

/** The row with such messages joined by an empty line, and how many there were. */
export function joinSameRole(row: FormattedRow): { read: FormattedRow; joined: number } {
  let joined = 0;
  const join = (messages: readonly Message[]): Message[] => {
    const all: Message[] = [];
    for (const message of messages) {
      const before = all.at(-1);
      if (before && isJoinable(before, message)) {
        all[all.length - 1] = { ...before, ...message, content: contentOf(before, message) };
        joined++;
      } else all.push(message);
    }
    return all;
  };
  const read = {
    ...row,
    messages: join(row.messages),
    ...(row.chosen ? { chosen: join(row.chosen) } : {}),
    ...(row.rejected ? { rejected: join(row.rejected) } : {}),
  };
  return { read, joined };
}

/**
 * Whether nothing but text would come together: what stands behind calls, or has other keys, cannot be
 * said by one message.
 */
function isJoinable(before: Message, message: Message): boolean {
  const { content: _content, tool_calls: _calls, ...keys } = message;
  const { content: _words, tool_calls: earlierCalls, ...earlierKeys } = before;
  const { reasoning_content: _reasoning, ...withoutReasoning } = earlierKeys;
  const isSaid = message.role === "user" || message.role === "assistant";
  return (
    isSaid &&
    earlierCalls === undefined &&
    !message.continues &&
    isDeepStrictEqual(keys, withoutReasoning)
  );
}

function contentOf(before: Message, message: Message): string {
  return [before.content, message.content].filter((text) => text !== "").join("\n\n");
}
