/** Shapes of answers that chat and plain completions share. */
import { randomBytes } from "node:crypto";
import type { TokenReport, Usage } from "../engine/index.js";

/** What all parts of one answer carry. */
export interface AnswerHead {
  id: string;
  object: string;
  created: number;
  model: string;
  system_fingerprint: string;
}

export function answerHead(
  prefix: string,
  object: string,
  model: string,
  version: string,
): AnswerHead {
  return {
    id: `${prefix}-${randomBytes(12).toString("hex")}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model,
    system_fingerprint: `tunewright-${version}`,
  };
}

export function usageShape({
  promptTokens,
  completionTokens,
  reasoningTokens,
  cachedTokens,
}: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}

/** Sums what the prompts of one request took. */
export function sumUsage(usages: readonly Usage[]): Usage {
  const sum = (key: keyof Usage) => usages.reduce((total, usage) => total + usage[key], 0);
  return {
    promptTokens: sum("promptTokens"),
    completionTokens: sum("completionTokens"),
    reasoningTokens: sum("reasoningTokens"),
    cachedTokens: sum("cachedTokens"),
  };
}

/** Log probabilities as chat completions have them. */
export function chatLogprobs(tokens: readonly TokenReport[]) {
  const shape = ({ token, logprob, bytes }: TokenReport["top"][number]) => ({
    token,
    logprob,
    bytes,
  });
  return {
    content: tokens.map((one) => ({ ...shape(one), top_logprobs: one.top.map(shape) })),
    refusal: null,
  };
}

/** Log probabilities as plain completions have them. @param offset of the first token in the text */
export function completionLogprobs(tokens: readonly TokenReport[], offset: number) {
  let at = offset;
  const offsets = tokens.map(({ token }) => {
    const start = at;
    at += token.length;
    return start;
  });
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ token, logprob, top }) => ({
      ...Object.fromEntries(top.map((one) => [one.token, one.logprob])),
      [token]: logprob,
    })),
    text_offset: offsets,
  };
}
