/** A one-line summary of the tokens and time of answers. */
import type { Turn } from "../../generate/index.js";

/** For example `12 tokens, 31.0 tokens/s; prompt 40 tokens (28 reused) in 0.1 s; stop`. */
export function summaryLine(turns: readonly Turn[]): string {
  const sum = (value: (turn: Turn) => number) => turns.reduce((all, turn) => all + value(turn), 0);
  const tokens = sum(({ tokenIds }) => tokenIds.length);
  // The first token of an answer is computed with the prompt.
  const decoded = sum(({ tokenIds }) => Math.max(tokenIds.length - 1, 0));
  const seconds = sum(({ answerSeconds }) => answerSeconds);
  const rate = decoded > 0 && seconds > 0 ? `, ${(decoded / seconds).toFixed(1)} tokens/s` : "";
  const prompt = sum(({ promptTokens }) => promptTokens);
  const reused = sum(({ reusedTokens }) => reusedTokens);
  const reading = sum(({ promptSeconds }) => promptSeconds).toFixed(2);
  const counted = turns.length === 1 ? "" : `${turns.length} answers, `;
  const reason = turns.length === 1 ? `; ${turns[0]?.finishReason}` : "";
  return `${counted}${tokens} tokens${rate}; prompt ${prompt} tokens (${reused} reused) in ${reading} s${reason}`;
}

/** A warning if old messages no longer fit into the context; empty otherwise. */
export function forgottenLine({ newlyForgotten }: Turn): string {
  if (newlyForgotten === 0) return "";
  return `the conversation no longer fits into the model's context: the oldest ${newlyForgotten} messages are left out from now on\n`;
}
