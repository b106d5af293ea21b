/** One answer as text: whole characters as they become certain, stop texts cut off. */
import type { Tokenizer } from "../text/index.js";
import type { DecodedToken, Decoder, FinishReason } from "./decoder/index.js";
import { type GenerateOptions, generateTokens } from "./generateTokens.js";
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
  onToken?: (token: DecodedToken) => void;
}

/**
 * Generates one answer as text, on a decoder that has nothing else to do.
 *
 * @param promptIds [n]
 * @yields more of the text, never empty
 * @returns the whole answer
 */
export async function* generateText(
  decoder: Decoder,
  tokenizer: Tokenizer,
  promptIds: Int32Array,
  { onToken, ...request }: GenerateTextOptions = {},
): AsyncGenerator<string, Answer, void> {
  const stopIds = new Set(request.stopTokenIds);
  const stream = tokenizer.decodeStream({ skipSpecialTokens: true });
  const matcher = createStopMatcher(request.settings?.stop ?? []);
  const tokenIds: number[] = [];
  let finishReason: FinishReason = "aborted";
  let text = "";
  const tokens = generateTokens(decoder, promptIds, { ...request, stopTokenIds: stopIds });
  for await (const token of tokens) {
    tokenIds.push(token.tokenId);
    onToken?.(token);
    const decoded = stopIds.has(token.tokenId) ? "" : stream.push(token.tokenId);
    const shown = matcher.push(decoded);
    text += shown;
    if (shown) yield shown;
    if (token.finishReason) finishReason = token.finishReason;
    if (matcher.matched !== undefined) break;
  }
  const rest = matcher.push(stream.flush()) + matcher.flush();
  text += rest;
  if (rest) yield rest;
  if (matcher.matched !== undefined) finishReason = "stop";
  return { text, tokenIds, finishReason };
}
