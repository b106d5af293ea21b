/** From the parts of a prompt to what a model is shown: one text, or a conversation. */
import type { ChatMessage, Prompt } from "./types.js";

/** A prompt as a base model is shown it. */
export function plainContext(prompt: Prompt): string {
  const { description, shots, question, delimiters, answerPrefix } = prompt;
  const examples = shots.map(
    (shot) => shot.question + delimiters.answer + shot.answer + delimiters.shot,
  );
  const begun = answerPrefix === undefined ? "" : delimiters.answer + answerPrefix;
  return description + examples.join("") + question + begun;
}

/** How a prompt becomes a conversation. */
export interface ChatForm {
  /** Instruction before the task's own description. */
  system?: string | undefined;
  /** Whether each example is a turn of its own; otherwise all stand in the one question. */
  shotsAsTurns: boolean;
}

/**
 * A prompt as a conversation: the description is the system message.
 *
 * @see lm-evaluation-harness 0.4.13, `fewshot_context` with a chat template
 */
export function chatMessages(prompt: Prompt, { system, shotsAsTurns }: ChatForm): ChatMessage[] {
  const { description, shots, question, delimiters } = prompt;
  const head = joinInstructions(system ?? "", description);
  const messages: ChatMessage[] = head === "" ? [] : [{ role: "system", content: head }];
  if (shotsAsTurns) {
    for (const shot of shots) {
      messages.push({ role: "user", content: shot.question });
      messages.push({ role: "assistant", content: shot.answer });
    }
    messages.push({ role: "user", content: question });
  } else {
    const examples = shots.map(
      (shot) => shot.question + delimiters.answer + shot.answer + delimiters.shot,
    );
    messages.push({ role: "user", content: examples.join("") + question });
  }
  return messages;
}

/** Two instructions with an empty line between them, unless there is white space already. */
export function joinInstructions(first: string, second: string): string {
  if (first === "" || second === "") return first + second;
  return /\s$/.test(first) || /^\s/.test(second) ? first + second : `${first}\n\n${second}`;
}
