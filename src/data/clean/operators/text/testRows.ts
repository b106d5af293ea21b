/** For tests: runs an operator on a text, and texts that no operator may be slow on. */
import { type CanonicalRow, type CleanOperator, isRejection } from "../../operator.js";

/** A conversation of a question and an answer. */
export function rowOf(answer: string, question = "Q"): CanonicalRow {
  return {
    messages: [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ],
    rest: {},
  };
}

/** The answer as the operator leaves it. */
export async function changed(
  operator: CleanOperator,
  answer: string,
  options: Record<string, unknown> = {},
): Promise<string> {
  const result = await operator.prepare(operator.options.parse(options))(rowOf(answer));
  if (isRejection(result)) throw new Error(`left out: ${result.reason}`);
  return result.messages[1]!.content;
}

/** Why the operator leaves out a conversation with this answer, or null. */
export async function reason(
  operator: CleanOperator,
  answer: string,
  options: Record<string, unknown> = {},
): Promise<string | null> {
  const result = await operator.prepare(operator.options.parse(options))(rowOf(answer));
  return isRejection(result) ? result.reason : null;
}
