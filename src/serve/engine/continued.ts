/** Prompts that end in the middle of an answer, which the model goes on with. */
import { fitPrompt, type PromptRoom } from "../../generate/index.js";
import { type Message, type ReasoningMarks, reasoningMarksOf } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import type { LoadedModel } from "./models.js";

export interface ContinuedPrompt {
  /** [n] */
  promptIds: Int32Array;
  droppedMessages: number;
  /** The last ids, behind which the first new token is decoded: some tokenizers drop a leading space. */
  tail: Int32Array;
  /** The end of the prompt as text, in which marks of reasoning are looked for. */
  ending: string;
  marks: ReasoningMarks | undefined;
}

/** Ids that are decoded before the first new one. */
const TAIL = 8;

/**
 * Opens an answer as the chat template does, and writes what the answer has so far.
 *
 * @param before the conversation without the answer
 * @throws DataError where there is no room to go on
 */
export async function encodeContinued(
  { chat: { tokenizer, template } }: LoadedModel,
  before: readonly Message[],
  answer: Message,
  variables: Record<string, unknown> | undefined,
  { context, maxNewTokens }: PromptRoom,
): Promise<ContinuedPrompt> {
  const { length } = await tokenizer.encode(answer.content);
  if (length >= context - 1) {
    throw new DataError(`the answer is too long to go on with: it has ${length} tokens`, {
      why: `the model has ${context} positions for prompt and answer together`,
    });
  }
  const { promptIds: opening, forgotten } = await fitPrompt(
    { tokenizer, template, messages: before, variables },
    { context: context - length, maxNewTokens },
  );
  const marks = reasoningMarksOf(template);
  const opened = tokenizer.decode(opening.slice(-TAIL)).trimEnd();
  const added = await tokenizer.encode(answerSoFar(answer, marks, opened));
  const promptIds = Int32Array.from([...opening, ...added]);
  return {
    promptIds,
    droppedMessages: forgotten,
    tail: promptIds.slice(Math.max(opening.length, promptIds.length - TAIL)),
    ending: tokenizer.decode(promptIds.slice(-TAIL)),
    marks,
  };
}

/** Reasoning, where there is or where the prompt opens it, then the text. */
function answerSoFar(
  { content, reasoning_content: reasoning }: Message,
  marks: ReasoningMarks | undefined,
  opened: string,
): string {
  if (!marks) return content;
  const isOpen = opened.endsWith(marks.opening);
  if (!isOpen && !reasoning) return content;
  const start = isOpen ? "" : `${marks.opening}\n`;
  return `${start}${reasoning ?? ""}\n${marks.closing}\n\n${content}`;
}
