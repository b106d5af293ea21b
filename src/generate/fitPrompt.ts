/** Conversations that outgrow the model's context: whole old turns are left out. */
import {
  type ChatTemplate,
  encodePrompt,
  type Message,
  type TemplateVariables,
  type Tokenizer,
} from "../text/index.js";
import { DataError } from "../util/errors.js";
import type { JsonValue } from "../util/json/index.js";

/** What a prompt is made of. */
export interface PromptParts {
  tokenizer: Tokenizer;
  template: ChatTemplate;
  messages: readonly Message[];
  tools?: JsonValue[] | undefined;
  variables?: TemplateVariables | undefined;
}

/** How much room there is. */
export interface PromptRoom {
  /** Most tokens of prompt and answer together. */
  context: number;
  /** Most tokens of the answer; at most a quarter of the context is kept free for them. */
  maxNewTokens: number;
  /** Messages behind the system message that were left out of the prompt before. Default 0. */
  forgotten?: number;
}

export interface FittingPrompt {
  /** [n] */
  promptIds: Int32Array;
  /** Messages behind the system message that are left out, from the oldest on. */
  forgotten: number;
}

/**
 * The prompt, with as many of the oldest turns left out as make room for an answer. A turn begins with a
 * message of the user; the system message stays.
 *
 * @throws DataError where the last turn alone is too long, or the template refuses the conversation
 */
export async function fitPrompt(
  { messages, ...parts }: PromptParts,
  { context, maxNewTokens, forgotten: before = 0 }: PromptRoom,
): Promise<FittingPrompt> {
  const most = context - Math.min(maxNewTokens, Math.floor(context / 4));
  const { system, turns } = splitSystem(messages);
  const cuts = turns.flatMap(({ role }, i) => (role === "user" && i > before ? [i] : []));
  cuts.unshift(before);
  const encode = async (forgotten: number): Promise<FittingPrompt> => {
    const shown = [...system, ...turns.slice(forgotten)];
    return { promptIds: await encodeShown(parts, shown), forgotten };
  };
  const fits = ({ promptIds }: FittingPrompt) => promptIds.length <= most;
  const last = cuts.length - 1;
  // From here on everything may fit; what is much longer than the context is never encoded whole.
  let first = firstWorthTrying(turns, cuts, context);
  let found = await encode(cuts[first]!);
  if (!fits(found)) {
    found = await encode(cuts[last]!);
    if (!fits(found)) return lastTurn(found, context);
    let fitting = last;
    while (fitting - first > 1) {
      const middle = Math.floor((first + fitting) / 2);
      const tried = await encode(cuts[middle]!);
      if (fits(tried)) {
        found = tried;
        fitting = middle;
      } else first = middle;
    }
  }
  return found;
}

/** The system message, if the conversation begins with one, and what follows it. */
export function splitSystem(messages: readonly Message[]): { system: Message[]; turns: Message[] } {
  const count = messages[0]?.role === "system" ? 1 : 0;
  return { system: messages.slice(0, count), turns: messages.slice(count) };
}

/** Characters that a token has at most on average, in texts that are written to be read. */
const CHARACTERS_PER_TOKEN = 16;

function firstWorthTrying(
  turns: readonly Message[],
  cuts: readonly number[],
  context: number,
): number {
  let characters = 0;
  for (let i = cuts.length - 1; i > 0; i--) {
    for (const { content } of turns.slice(cuts[i], cuts[i + 1])) characters += content.length;
    if (characters > context * CHARACTERS_PER_TOKEN) return i;
  }
  return 0;
}

function encodeShown(
  { tokenizer, template, tools, variables }: Omit<PromptParts, "messages">,
  shown: readonly Message[],
): Promise<Int32Array> {
  return encodePrompt(shown, tokenizer, template, tools, variables);
}

/** A last turn that leaves little room for its answer is answered all the same. */
function lastTurn(found: FittingPrompt, context: number): FittingPrompt {
  const { length } = found.promptIds;
  if (length < context) return found;
  throw new DataError(`the message is too long: the prompt has ${length} tokens`, {
    why: `the model has ${context} positions for prompt and answer together`,
    todo: "shorten the message or the system message",
  });
}
