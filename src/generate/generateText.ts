/** One answer as text: whole characters as they become certain, stop texts cut off. */
import type { PreparedModel } from "../models/index.js";
import type { Tokenizer } from "../text/index.js";
import {
  type FinishReason,
  type GeneratedToken,
  type GenerateOptions,
  generateTokens,
} from "./generateTokens.js";
import { createStopMatcher } from "./stopText.js";

/** An answer that is complete. */
export interface Answer {
  /** Without end token and stop text. */
  text: string;
  /** Everything generated, end token included. */
  tokenIds: number[];
  finishReason: FinishReason;
}

export interface GenerateTextOptions extends GenerateOptions {
  /** Called with every token, before its text is certain. */
  onToken?: (token: GeneratedToken) => void;
}

/**
 * Generates one answer as text.
 *
 * @param promptIds [n]
 * @yields more of the text, never empty
 * @returns the whole answer
 */
export async function* generateText(
  prepared: PreparedModel,
  tokenizer: Tokenizer,
  promptIds: Int32Array,
  options: GenerateTextOptions = {},
): AsyncGenerator<string, Answer, void> {
  const stopIds = new Set(options.stopTokenIds);
  const decoder = tokenizer.decodeStream({ skipSpecialTokens: true });
  const matcher = createStopMatcher(options.settings?.stop ?? []);
  const tokenIds: number[] = [];
  let finishReason: FinishReason = "aborted";
  let text = "";
  const tokens = generateTokens(prepared, promptIds, { ...options, stopTokenIds: stopIds });
  for await (const token of tokens) {
    tokenIds.push(token.tokenId);
    options.onToken?.(token);
    const decoded = stopIds.has(token.tokenId) ? "" : decoder.push(token.tokenId);
    const shown = matcher.push(decoded);
    text += shown;
    if (shown) yield shown;
    if (token.finishReason) finishReason = token.finishReason;
    if (matcher.matched !== undefined) break;
  }
  const rest = matcher.push(decoder.flush()) + matcher.flush();
  text += rest;
  if (rest) yield rest;
  if (matcher.matched !== undefined) finishReason = "stop";
  return { text, tokenIds, finishReason };
}
