/** The next token of each of many texts. */
import { type Tensor, tidy, upload } from "../../tensor/index.js";
import { DataError, TunewrightError } from "../../util/errors.js";
import { banRepeatedNgrams, penalisePresence, penaliseRepetition } from "../penalties.js";
import type { RandomState } from "../random.js";
import { applyTemperature, argmax, drawToken, keepMinP, keepTopK, keepTopP } from "../sampling.js";
import type { GenerationSettings } from "../settings.js";
import { keepAllowed, type TokenMask } from "../tokenMask.js";
import { readLogprobs } from "./logprobs.js";
import type { TokenLogprobs } from "./requests.js";

/** A text that waits for its next token. */
export interface TextState {
  /** Prompt and answer so far. */
  ids: readonly number[];
  /** Each of them once; left out where no penalty looks at them. */
  seen: ReadonlySet<number>;
  /** The answer so far. */
  answer: readonly number[];
  /** How often the answer has each token; left out where no penalty looks at them. */
  counts: ReadonlyMap<number, number>;
  settings: GenerationSettings;
  random: RandomState;
  logitBias: ReadonlyMap<number, number> | undefined;
  allow: ((answer: readonly number[]) => TokenMask | null) | undefined;
  logprobs: number | undefined;
}

/** The token of a text, or why it has none. */
export type Choice = { tokenId: number; logprobs?: TokenLogprobs } | { error: Error };

/**
 * The tokens by each text's own settings. Where the most probable one is wanted as it is, libtorch
 * finds it, and no logits leave the device.
 *
 * @param logits [texts, vocab]
 */
export function chooseTokens(logits: Tensor, texts: readonly TextState[]): Choice[] {
  return tidy(() => {
    const single = logits.to({ dtype: "float32" });
    const best = texts.some(isPlain) ? mostProbable(single) : [];
    const chosen = texts.map((text, i) =>
      asChoice(() =>
        best.length && isPlain(text) ? checked(best[i]!) : chooseToken(rowOf(single, i), text),
      ),
    );
    return addLogprobs(single, texts, chosen);
  });
}

function asChoice(choose: () => number): Choice {
  try {
    return { tokenId: choose() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function isPlain({ settings, logitBias, allow }: TextState): boolean {
  const { temperature, repetitionPenalty, noRepeatNgramSize } = settings;
  const isPenalised = repetitionPenalty !== 1 || noRepeatNgramSize > 0 || countsTokens(settings);
  return temperature === 0 && !isPenalised && !logitBias && !allow;
}

/** Whether settings look at how often the answer has each token. */
export function countsTokens({ presencePenalty, frequencyPenalty }: GenerationSettings): boolean {
  return presencePenalty !== 0 || frequencyPenalty !== 0;
}

interface MostProbable {
  id: number;
  logit: number;
}

/** The largest logits with their ids, the lowest of equal ones. @param logits [texts, vocab] */
function mostProbable(logits: Tensor): MostProbable[] {
  const ids = logits.argmax(-1).to({ dtype: "int32", device: "cpu" }).bytes().slice();
  const largest = logits.amax([-1]).to({ device: "cpu" }).bytes().slice();
  const values = new Float32Array(largest.buffer);
  return Array.from(new Int32Array(ids.buffer), (id, i) => ({ id, logit: values[i]! }));
}

function checked({ id, logit }: MostProbable): number {
  refuseNotANumber(logit);
  return id;
}

/** @param logits [texts, vocab] @returns [vocab], a copy */
function rowOf(logits: Tensor, row: number): Float32Array {
  const bytes = logits.narrow(0, row, 1).to({ device: "cpu" }).bytes();
  return new Float32Array(bytes.slice().buffer);
}

/**
 * The next token of one text: what is added to logits, repetition penalty, OpenAI's penalties, no repeated
 * n-grams, the tokens that are allowed, temperature, top-k, top-p, min-p; transformers' processors and
 * filters are in its order.
 *
 * @param logits [vocab], changed in place
 * @throws TunewrightError where the model's output is not a number
 * @throws DataError where nothing is allowed
 */
function chooseToken(logits: Float32Array, text: TextState): number {
  const { settings, random, logitBias, allow } = text;
  const { repetitionPenalty, noRepeatNgramSize, temperature } = settings;
  refuseNotANumber(logits[argmax(logits)]);
  for (const [id, bias] of logitBias ?? []) if (logits[id] !== undefined) logits[id] += bias;
  if (repetitionPenalty !== 1) penaliseRepetition(logits, text.seen, repetitionPenalty);
  if (countsTokens(settings)) {
    penalisePresence(logits, text.counts, settings.presencePenalty, settings.frequencyPenalty);
  }
  banRepeatedNgrams(logits, text.ids, noRepeatNgramSize);
  const mask = allow?.(text.answer);
  if (mask) keepAllowed(logits, mask);
  if (temperature > 0) {
    applyTemperature(logits, temperature);
    keepTopK(logits, settings.topK);
    keepTopP(logits, settings.topP);
    keepMinP(logits, settings.minP);
  }
  const best = argmax(logits);
  if (logits[best] === -Infinity) throw nothingAllowed();
  return temperature > 0 ? drawToken(logits, random) : best;
}

function nothingAllowed(): DataError {
  return new DataError("no token can follow the answer so far", {
    why: "all are banned: by the format that is asked for, or by no_repeat_ngram_size",
    todo: "ask again without one of them",
  });
}

/** @param value of the model's, such as the largest logit @throws TunewrightError where it is not finite */
export function refuseNotANumber(value: number | undefined): void {
  if (Number.isFinite(value)) return;
  throw new TunewrightError("the model's output is not a number", {
    why: "its weights or its adapter hold values that overflow in this dtype",
    todo: "load it with --dtype float32, and check the checkpoint",
  });
}

/** Adds log probabilities where texts ask for them. */
function addLogprobs(
  logits: Tensor,
  texts: readonly TextState[],
  chosen: readonly Choice[],
): Choice[] {
  const asked = texts.flatMap(({ logprobs }, row) => {
    const choice = chosen[row]!;
    if (logprobs === undefined || "error" in choice) return [];
    return [{ row, tokenId: choice.tokenId, top: logprobs }];
  });
  if (asked.length === 0) return [...chosen];
  const rows = upload(
    Int32Array.from(asked, ({ row }) => row),
    logits.device,
  );
  const read = readLogprobs(logits.indexSelect(0, rows), asked);
  const choices = [...chosen];
  asked.forEach(({ row, tokenId }, i) => {
    choices[row] = { tokenId, logprobs: read[i]! };
  });
  return choices;
}
