/** Rules that every conversation must satisfy before it is rendered, in any format. */
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
 * Rejects conversations that cannot be trained on.
 * @throws DataError that does not name file and line
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
          ? `the conversation starts with a message of role ${message.role}`
          : `message ${index + 1} has role ${message.role} after one with role ${before}`,
        {
          why: `${before === "start" ? "a conversation starts with" : `after ${before} comes`} ${allowed.join(" or ")}`,
          todo:
            message.role === before && before !== "system"
              ? "join such messages with same_role: join (--same-role join), if their text is all that differs, or remove the row"
              : "merge or remove messages so that the roles alternate, or remove the row",
        },
      );
    }
    if (message.role === "assistant" && !message.tool_calls?.length && isBlank(message)) {
      throw new DataError(`message ${index + 1}, from the assistant, is empty`, {
        why: "the model would learn to give empty answers",
        todo: "remove the turn or the row",
      });
    }
    if (message.role === "tool") checkAnswer(message, messages.slice(0, index), index);
    before = message.role;
  }
}

/** Where all calls have ids, a result names one of them: else it would stand behind another call. */
function checkAnswer(
  { tool_call_id: id }: Message,
  before: readonly Message[],
  index: number,
): void {
  if (id === undefined) return;
  const calls = before.flatMap(({ tool_calls: made = [] }) => made);
  if (calls.length === 0 || calls.some((call) => call.id === undefined || call.id === id)) return;
  throw new DataError(
    `message ${index + 1} answers the call ${JSON.stringify(id)}, which nobody makes`,
    {
      why: `the calls before it are ${calls.map((call) => JSON.stringify(call.id)).join(", ")}`,
      todo: "correct its tool_call_id, or remove the row",
    },
  );
}

/** The second part of a turn: of the assistant, and after words of it. */
function checkContinued(message: Message, before: Message | undefined, index: number): void {
  const roles = [message.role, before?.role];
  const calls = before?.tool_calls ?? message.tool_calls;
  if (roles.every((role) => role === "assistant") && !calls && !isBlank(message)) return;
  throw new DataError(`message ${index + 1} has no turn to continue`, {
    why: '"continues" is for words of the assistant that follow others of the same turn',
    todo: "correct or remove the row",
  });
}

function isBlank({ content }: Message): boolean {
  return content.trim() === "";
}
