/** What a decoder is asked, and what it tells: plain data. */
import type { RandomState } from "../random.js";
import type { GenerationSettings } from "../settings.js";
import type { TokenMask } from "../tokenMask.js";

/** One prompt to be answered. Several answers to one prompt are as many requests: they share its pages. */
export interface DecodeRequest {
  /** [n], n >= 1 */
  promptIds: Int32Array;
  /** What is left out is greedy's. `stop` texts are not looked at: who reads the text calls `cancel`. */
  settings?: Partial<GenerationSettings>;
  /** Ids that end the answer; they are given out too. */
  stopTokenIds?: Iterable<number>;
  /** Where draws come from; advanced by each. Default: seed 0. */
  random?: RandomState;
  /** Whose it is: clients take turns, however many requests each has. Default: one client for all. */
  client?: string;
  /** Added to logits, by token id. */
  logitBias?: ReadonlyMap<number, number>;
  /**
   * Gives the tokens that may follow the answer so far (`answer`, no longer than the last call's by more
   * than one), or null for all. What it throws, and a mask that allows nothing, ends the request alone.
   */
  allow?: (answer: readonly number[]) => TokenMask | null;
  /** Log probabilities are told of each token and of so many of the likeliest, 0 to 20. Default: none. */
  logprobs?: number;
}

/** Most of the likeliest tokens that are told, as in OpenAI's API. */
export const mostLogprobs = 20;

/** A token with the natural logarithm of its probability. */
export interface TokenLogprob {
  tokenId: number;
  logprob: number;
}

/** `stop`: an end token or text; `length`: maxNewTokens or the model's context is full; `aborted`: by the caller. */
export type FinishReason = "stop" | "length" | "aborted";

/** The next token of a request's answer. */
export interface DecodedToken {
  request: number;
  tokenId: number;
  /** On the last token of an answer: why it is the last. */
  finishReason: Exclude<FinishReason, "aborted"> | null;
  /** Tokens of the prompt that were held already. */
  cachedTokens: number;
  /** By the model's own probabilities, before temperature, penalties, bias and mask; where asked for. */
  logprobs?: TokenLogprobs;
}

/** Log probabilities at one place of an answer, in float32. */
export interface TokenLogprobs {
  /** Of the token that was chosen. */
  logprob: number;
  /** The likeliest, the first first. */
  top: TokenLogprob[];
}

/** A request that cannot go on; the others can. */
export interface DecodeFailure {
  request: number;
  error: Error;
}

/** What a step tells of a request. `"error" in event` tells the two apart. */
export type DecodeEvent = DecodedToken | DecodeFailure;

/** The tokens, for who asks nothing that may fail by itself. @throws the error of a failure */
export function tokensOf(events: readonly DecodeEvent[]): DecodedToken[] {
  return events.map((event) => {
    if ("error" in event) throw event.error;
    return event;
  });
}
