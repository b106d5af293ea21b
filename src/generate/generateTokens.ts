/** One answer, token by token: read the prompt, then choose, show and feed until something ends it. */
import { setImmediate } from "node:timers/promises";
import type { CausalLanguageModel, PreparedModel } from "../models/index.js";
import { trainedPositions } from "../nn/index.js";
import { DataError, TunewrightError } from "../util/errors.js";
import {
  createCache,
  disposeCache,
  type KeyValueCache,
  outgrows,
  sharedPrefix,
  truncateCache,
} from "./keyValueCache.js";
import { feed, feedForLogits, PREFILL_CHUNK } from "./nextLogits.js";
import { banRepeatedNgrams, penaliseRepetition } from "./penalties.js";
import { type RandomState, seededRandom } from "./random.js";
import { applyTemperature, argmax, drawToken, keepMinP, keepTopK, keepTopP } from "./sampling.js";
import { checkSettings, type GenerationSettings, greedySettings } from "./settings.js";

/** `stop`: an end token; `length`: maxNewTokens or the model's context is full; `aborted`: by the caller. */
export type FinishReason = "stop" | "length" | "aborted";

export interface GeneratedToken {
  tokenId: number;
  /** On the last token of an answer: why it is the last. */
  finishReason: FinishReason | null;
}

export interface GenerateOptions {
  /** What is left out is greedy's. `stop` texts are not looked at here. */
  settings?: Partial<GenerationSettings>;
  /** Ids that end the answer; they are given out too, as transformers does. */
  stopTokenIds?: Iterable<number>;
  /** Where draws come from; advanced by each. Default: seed 0. */
  random?: RandomState;
  /** Kept by the caller to reuse what prompts share; default: one for this answer. */
  cache?: KeyValueCache;
  signal?: AbortSignal | undefined;
}

/**
 * Generates one answer. Between tokens, and between chunks of a long prompt, the event loop runs.
 * Greedy ids equal transformers' `generate`.
 *
 * @param promptIds [n], n >= 1
 * @yields each token with, on the last, the reason; nothing where `signal` aborts before the first
 * @throws DataError where the prompt is empty, has ids that the model has no embedding for, or
 *   leaves no room in the model's context
 */
export async function* generateTokens(
  prepared: PreparedModel,
  promptIds: Int32Array,
  options: GenerateOptions = {},
): AsyncGenerator<GeneratedToken, void, void> {
  const settings = { ...greedySettings, ...options.settings };
  const { model } = prepared;
  checkSettings(settings);
  checkPrompt(promptIds, { rows: model.embedding.tensor.size(0), context: contextLength(model) });
  const stopIds = new Set(options.stopTokenIds);
  const random = options.random ?? seededRandom(0);
  const room = contextLength(model) - promptIds.length;
  const most = Math.min(settings.maxNewTokens, room);
  const cache = options.cache ?? createCache(prepared);
  try {
    const ids = Array.from(promptIds);
    const seen = new Set(ids);
    const logits = new Float32Array(model.config.vocab_size);
    if (!(await readPrompt(prepared, cache, promptIds, logits, options.signal))) return;
    for (let count = 1; ; count++) {
      const tokenId = chooseToken(logits, { ids, seen }, settings, random);
      ids.push(tokenId);
      seen.add(tokenId);
      const finishReason = stopIds.has(tokenId)
        ? "stop"
        : count >= most
          ? "length"
          : options.signal?.aborted
            ? "aborted"
            : null;
      yield { tokenId, finishReason };
      if (finishReason) return;
      if (outgrows(prepared, cache, ids.length)) {
        await readPrompt(prepared, cache, Int32Array.from(ids), logits, undefined);
      } else {
        feedForLogits(prepared, cache, Int32Array.of(tokenId), logits);
      }
      await setImmediate();
    }
  } finally {
    if (!options.cache) disposeCache(cache);
  }
}

/**
 * Most tokens, prompt and answer together, that the model has positions for. Dynamic and YaRN
 * scaling stretch the positions that the model was trained on by their factor.
 */
export function contextLength({ config }: Pick<CausalLanguageModel, "config">): number {
  const { max_position_embeddings: written, rope_scaling: scaling } = config;
  if (scaling?.rope_type !== "dynamic" && scaling?.rope_type !== "yarn") return written;
  return Math.max(written, Math.floor(trainedPositions(config) * (scaling.factor ?? 1)));
}

/**
 * Refuses a prompt that cannot be answered.
 *
 * @param model.rows of its embedding
 * @param model.context most tokens of prompt and answer together
 * @param model.name what to call the prompt in an error
 * @throws DataError where it is empty, too long, or has an id without embedding
 */
export function checkPrompt(
  ids: Int32Array,
  { rows, context, name = "the prompt" }: { rows: number; context: number; name?: string },
): void {
  if (ids.length === 0) throw new DataError(`${name} has no tokens`);
  const foreign = ids.find((id) => id < 0 || id >= rows);
  if (foreign !== undefined) {
    throw new DataError(`the model has no embedding for token id ${foreign} of ${name}`, {
      why: `its embedding has ${rows} rows`,
      todo: "use the tokenizer that belongs to the model",
    });
  }
  if (ids.length >= context) {
    throw new DataError(`${name} is too long: ${ids.length} tokens`, {
      why: `the model has ${context} positions, for prompt and answer together`,
      todo: "shorten the prompt",
    });
  }
}

/** Reads what the cache lacks of the prompt; false where the caller aborted. */
async function readPrompt(
  prepared: PreparedModel,
  cache: KeyValueCache,
  ids: Int32Array,
  logits: Float32Array,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (outgrows(prepared, cache, ids.length)) truncateCache(cache, 0);
  cache.rotatedFor = ids.length;
  // The last token is always computed: its logits are needed.
  truncateCache(cache, Math.min(sharedPrefix(cache, ids), ids.length - 1));
  let at = cache.ids.length;
  for (; ids.length - at > PREFILL_CHUNK; at += PREFILL_CHUNK) {
    feed(prepared, cache, ids.subarray(at, at + PREFILL_CHUNK));
    await setImmediate();
    if (signal?.aborted) return false;
  }
  if (signal?.aborted) return false;
  feedForLogits(prepared, cache, ids.subarray(at), logits);
  return true;
}

/** Tokens so far, prompt included: in order, and each once. */
export interface TokenHistory {
  ids: readonly number[];
  seen: ReadonlySet<number>;
}

/**
 * The next token by the processors and filters of transformers in its order: repetition penalty,
 * no repeated n-grams, temperature, top-k, top-p, min-p.
 *
 * @param logits [vocab], changed in place
 * @throws TunewrightError where the model's output is not a number
 */
export function chooseToken(
  logits: Float32Array,
  history: TokenHistory,
  settings: GenerationSettings,
  random: RandomState,
): number {
  const { repetitionPenalty, noRepeatNgramSize, temperature } = settings;
  if (repetitionPenalty !== 1) penaliseRepetition(logits, history.seen, repetitionPenalty);
  banRepeatedNgrams(logits, history.ids, noRepeatNgramSize);
  if (temperature > 0) {
    applyTemperature(logits, temperature);
    keepTopK(logits, settings.topK);
    keepTopP(logits, settings.topP);
    keepMinP(logits, settings.minP);
  }
  const best = argmax(logits);
  refuseNotANumber(logits[best]);
  return temperature > 0 ? drawToken(logits, random) : best;
}

/** @param value of the model's, such as the largest logit @throws TunewrightError where it is not finite */
export function refuseNotANumber(value: number | undefined): void {
  if (Number.isFinite(value)) return;
  throw new TunewrightError("the model's output is not a number", {
    why: "its weights or its adapter hold values that overflow in this dtype",
    todo: "load it with --dtype float32, and check the checkpoint",
  });
}
