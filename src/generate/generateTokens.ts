/** One answer, token by token, from a decoder that has nothing else to do. */
import { setImmediate } from "node:timers/promises";
import {
  cancel,
  type DecodedToken,
  type DecodeRequest,
  type Decoder,
  step,
  submit,
  tokensOf,
} from "./decoder/index.js";

export interface GenerateOptions extends Omit<DecodeRequest, "promptIds"> {
  /** Ends the answer where it is. */
  signal?: AbortSignal | undefined;
}

/**
 * Generates one answer. Between steps the event loop runs; meanwhile nobody else may step this decoder.
 * Greedy ids equal transformers' `generate`.
 *
 * @param promptIds [n], n >= 1
 * @yields each token with, on the last, the reason; there is no such token where `signal` aborts
 * @throws DataError where the prompt is empty, has ids that the model has no embedding for, leaves no
 *   room in the model's context, or finds no memory
 */
export async function* generateTokens(
  decoder: Decoder,
  promptIds: Int32Array,
  { signal, ...request }: GenerateOptions = {},
): AsyncGenerator<DecodedToken, void, void> {
  const number = submit(decoder, { ...request, promptIds });
  try {
    while (!signal?.aborted) {
      for (const token of tokensOf(step(decoder))) {
        yield token;
        if (token.finishReason) return;
      }
      await setImmediate();
    }
  } finally {
    cancel(decoder, number);
  }
}
