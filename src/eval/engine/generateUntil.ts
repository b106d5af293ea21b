/** Generated answers, one after the other. */
import { generateText, seededRandom } from "../../generate/index.js";
import type { AskOptions, GenerationRequest } from "../types.js";
import type { Engine } from "./engine.js";

/**
 * Generates an answer to each request, up to the first of its texts that end it. The beginning of a
 * prompt that leaves no room for the answer is cut, as in lm-evaluation-harness.
 *
 * @returns by request
 */
export async function generateUntil(
  { chat, prepared, encoder, maxLength }: Engine,
  requests: readonly GenerationRequest[],
  { onAnswer, signal }: AskOptions<string> = {},
): Promise<string[]> {
  const prompts = requests.map(({ context, rendered }) => ({ text: context, rendered }));
  const encoded = await encoder.encode(prompts);
  const answers: string[] = [];
  for (const [i, { until, maxNewTokens, sampling }] of requests.entries()) {
    signal?.throwIfAborted();
    const most = Math.max(1, maxLength - maxNewTokens);
    const answer = generateText(prepared, chat.tokenizer, encoded[i]!.slice(-most), {
      settings: {
        maxNewTokens,
        stop: until,
        ...(sampling ? { temperature: sampling.temperature, topP: sampling.topP ?? 1 } : {}),
      },
      ...(sampling ? { random: seededRandom(sampling.seed) } : {}),
      stopTokenIds: chat.stopTokenIds,
      signal,
    });
    let step = await answer.next();
    while (!step.done) step = await answer.next();
    signal?.throwIfAborted();
    answers.push(step.value.text);
    onAnswer?.(i, step.value.text);
  }
  return answers;
}
