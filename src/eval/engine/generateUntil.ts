/** Generated answers by lm-evaluation-harness 0.4.13's rules, many at once. */
import { setImmediate } from "node:timers/promises";
import {
  cancel,
  createDecoder,
  type DecodeRequest,
  type Decoder,
  disposeDecoder,
  isIdle,
  resolveSettings,
  seededRandom,
  step,
  submit,
  tokensOf,
} from "../../generate/index.js";
import { ConfigError } from "../../util/errors.js";
import type { AskOptions, GenerationRequest } from "../types.js";
import { type AnswerReader, answerReader } from "./answerReader.js";
import type { Engine } from "./engine.js";

/** Answers that are generated at once: more read the weights less often, and take more memory. */
const ROWS = 32;

/** Tokens of a pass: prompts of a few hundred tokens go through the products together. */
const TOKENS_PER_STEP = 1024;

/** Requests whose prompts are encoded before the event loop runs. */
const SLICE = 256;

/**
 * Generates an answer to each request, up to the first of its texts that end it, as
 * lm-evaluation-harness's HFLM does with one request in a batch: EOS ends an answer too, special tokens
 * are left out of it, and of a prompt that leaves too little room for the answer only the end is read.
 * What the model's generation_config.json says, a repetition penalty for one, applies as in transformers.
 *
 * @returns by request; each text is the same whatever it is generated beside
 * @throws ConfigError where an answer alone would take all positions
 */
export async function generateUntil(
  engine: Engine,
  requests: readonly GenerationRequest[],
  { onAnswer, signal }: AskOptions<string> = {},
): Promise<string[]> {
  for (const { maxNewTokens } of requests) checkRoom(maxNewTokens, engine.maxLength);
  const prompts = await encodePrompts(engine, requests, signal);
  const answers: string[] = [];
  const decoder = createDecoder(engine.prepared, { rows: ROWS, tokensPerStep: TOKENS_PER_STEP });
  try {
    const readers = new Map<number, { index: number; reader: AnswerReader }>();
    // The longest first: towards the end few are left, and these are soon done.
    const order = prompts.map((_, index) => index);
    order.sort((a, b) => prompts[b]!.length - prompts[a]!.length);
    for (const index of order) {
      const request = requests[index]!;
      const reader = answerReader(engine.chat, request);
      const asked = decodeRequest(engine, request, prompts[index]!, reader);
      readers.set(submit(decoder, asked), { index, reader });
    }
    while (!isIdle(decoder)) {
      for (const [index, answer] of nextAnswers(decoder, readers)) {
        answers[index] = answer;
        onAnswer?.(index, answer);
      }
      await setImmediate();
      signal?.throwIfAborted();
    }
  } finally {
    disposeDecoder(decoder);
  }
  return answers;
}

/** @throws ConfigError where no token of a prompt could be shown */
function checkRoom(maxNewTokens: number, maxLength: number): void {
  if (maxNewTokens < maxLength) return;
  throw new ConfigError(`answers of up to ${maxNewTokens} tokens do not fit into the model`, {
    why: `it has ${maxLength} positions for prompt and answer together`,
    todo: "leave this task out, or evaluate a model with a longer context",
  });
}

/** The prompts' tokens, those at the end where not all fit; an empty prompt is the prefix token. */
async function encodePrompts(
  { encoder, maxLength }: Engine,
  requests: readonly GenerationRequest[],
  signal: AbortSignal | undefined,
): Promise<Int32Array[]> {
  const prompts: Int32Array[] = [];
  for (let at = 0; at < requests.length; at += SLICE) {
    signal?.throwIfAborted();
    const slice = requests.slice(at, at + SLICE);
    const texts = slice.map(({ context, rendered }) => ({ text: context, rendered }));
    const encoded = await encoder.encode(texts);
    encoded.forEach((ids, i) => {
      const prefix = encoder.prefixTokenId;
      const shown = ids.length === 0 && prefix !== undefined ? Int32Array.of(prefix) : ids;
      prompts.push(shown.slice(-(maxLength - slice[i]!.maxNewTokens)));
    });
    await setImmediate();
  }
  return prompts;
}

function decodeRequest(
  { chat }: Engine,
  { maxNewTokens, sampling }: GenerationRequest,
  promptIds: Int32Array,
  { stopTokenIds }: AnswerReader,
): DecodeRequest {
  const { temperature = 0, topP } = sampling ?? {};
  return {
    promptIds,
    settings: resolveSettings({ maxNewTokens, temperature, topP }, chat.defaults),
    stopTokenIds,
    ...(sampling ? { random: seededRandom(sampling.seed) } : {}),
  };
}

/** One step. @returns the answers that are complete with it */
function nextAnswers(
  decoder: Decoder,
  readers: Map<number, { index: number; reader: AnswerReader }>,
): [index: number, answer: string][] {
  return tokensOf(step(decoder)).flatMap(({ request, tokenId, finishReason }) => {
    const { index, reader } = readers.get(request)!;
    reader.push(tokenId);
    if (!finishReason && !reader.isOver()) return [];
    cancel(decoder, request);
    readers.delete(request);
    return [[index, reader.answer()]];
  });
}
