/** What every conversation must hold before it is rendered, whatever format it came in. */
import type { Message, Role } from "../text/index.js";
import { DataError } from "../util/errors.js";

/** Who may speak after whom; `start` stands for the beginning. */
const followers: Readonly<Record<Role | "start", readonly Role[]>> = {
  start: ["system", "user"],
  system: ["user", "system"],
  user: ["assistant"],
  assistant: ["user", "tool"],
  tool: ["tool", "assistant"],
};

/**
 * Refuses conversations that cannot be learnt from as they stand.
 * @throws DataError that does not name the place
 */
export function checkConversation(messages: readonly Message[]): void {
  if (messages.length === 0) {
    throw new DataError("the conversation is empty", { todo: "remove the row" });
  }
  let before: Role | "start" = "start";
  for (const [index, message] of messages.entries()) {
    if (message.continues) {
      checkContinued(message, messages[index - 1], index);
      continue;
    }
    const allowed: readonly Role[] = followers[before];
    if (!allowed.includes(message.role)) {
      throw new DataError(
        before === "start"
          ? `the conversation begins with a message of role ${message.role}`
          : `message ${index + 1} is of role ${message.role}, after one of role ${before}`,
        {
          why: `${before === "start" ? "a conversation begins with" : `after ${before} comes`} ${allowed.join(" or ")}`,
          todo: "join or remove messages until the roles take turns, or remove the row",
        },
      );
    }
    if (message.role === "assistant" && !message.tool_calls?.length && isBlank(message)) {
      throw new DataError(`message ${index + 1}, of the assistant, is empty`, {
        why: "the model would learn to say nothing",
        todo: "remove the turn or the row",
      });
    }
    before = message.role;
  }
}

/** The second part of a turn: of the assistant, and after words of it. */
function checkContinued(message: Message, before: Message | undefined, index: number): void {
  const roles = [message.role, before?.role];
  const calls = before?.tool_calls ?? message.tool_calls;
  if (roles.every((role) => role === "assistant") && !calls && !isBlank(message)) return;
  throw new DataError(`message ${index + 1} continues nothing`, {
    why: '"continues" is for words of the assistant that follow others of the same turn',
    todo: "correct or remove the row",
  });
}

function isBlank({ content }: Message): boolean {
  return content.trim() === "";
}
