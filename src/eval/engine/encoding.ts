/** Requests as token ids, by the rules of lm-evaluation-harness 0.4.13's `HFLM` and `TemplateLM`. */
import { setImmediate } from "node:timers/promises";
import { type Tokenizer, textFrame } from "../../text/index.js";
import { stripEnd } from "../../util/codePoints.js";
import { ConfigError, DataError } from "../../util/errors.js";
import type { LoglikelihoodRequest } from "../types.js";

/** A text that a model is to read. */
export interface PromptText {
  text: string;
  /** Whether a chat template wrote it: then it has all its special tokens, and none is added. */
  rendered?: boolean | undefined;
}

/** Encodes what models are asked. */
export interface PromptEncoder {
  /**
   * What the tokenizer puts around texts (BOS, where it does) is put around those that do not begin
   * with it. Spellings of special tokens are those tokens.
   */
  encode(prompts: readonly PromptText[]): Promise<Int32Array[]>;
  /** A text without anything around it. */
  encodeBare(text: string): Promise<Int32Array>;
  /** What stands in for a context that is empty: BOS, else EOS. */
  prefixTokenId: number | undefined;
}

/** @see lm_eval `HFLM.tok_encode`, whose rule for BOS is by the text of the prefix token */
export async function createPromptEncoder(tokenizer: Tokenizer): Promise<PromptEncoder> {
  const { opening, closing } = await textFrame(tokenizer);
  const prefixTokenId = tokenizer.bosTokenId ?? tokenizer.eosTokenId;
  const prefix = prefixTokenId === undefined ? undefined : tokenizer.decode([prefixTokenId]);
  const isBare = ({ text, rendered }: PromptText) =>
    rendered || (prefix !== undefined && text.startsWith(prefix));
  return {
    prefixTokenId,
    async encode(prompts) {
      const texts = [...new Set(prompts.map(({ text }) => text))];
      const encoded = await tokenizer.encodeBatch(texts);
      const idsOf = new Map(texts.map((text, i) => [text, encoded[i]!]));
      return prompts.map((prompt) => {
        const ids = idsOf.get(prompt.text)!;
        if (isBare(prompt) || opening.length + closing.length === 0) return ids;
        return Int32Array.from([...opening, ...ids, ...closing]);
      });
    },
    encodeBare: (text) => tokenizer.encode(text),
  };
}

/** A request for a log-likelihood as ids. */
export interface EncodedRequest {
  /** What the model reads: all tokens but the last. */
  ids: Int32Array;
  /** The continuation, which the last so many positions predict. */
  targets: Int32Array;
  /** Tokens that were cut off the beginning. */
  cutTokens: number;
}

/** Requests that are encoded before the event loop runs. */
const SLICE = 256;

/**
 * Encodes contexts and continuations. White space at the end of a context belongs to the continuation,
 * and what the two are encoded together beyond the context alone is what is scored, so that " A" after
 * a colon is the token that the model would write there.
 *
 * @param maxLength positions of the model; the beginnings of longer texts are cut
 * @throws DataError where a continuation has no tokens, or too many
 */
export async function encodeRequests(
  requests: readonly LoglikelihoodRequest[],
  encoder: PromptEncoder,
  maxLength: number,
  signal?: AbortSignal,
): Promise<EncodedRequest[]> {
  const encoded: EncodedRequest[] = [];
  for (let at = 0; at < requests.length; at += SLICE) {
    const slice = requests.slice(at, at + SLICE);
    const split = slice.map(withoutTrailingSpace);
    const prompts = split.flatMap(({ context, continuation, rendered }) => [
      { text: context, rendered },
      { text: context + continuation, rendered },
    ]);
    const ids = await encoder.encode(prompts);
    for (const [i, request] of split.entries()) {
      const pair =
        request.context === ""
          ? await afterNothing(request.continuation, encoder)
          : ([ids[2 * i]!, ids[2 * i + 1]!.subarray(ids[2 * i]!.length)] as const);
      encoded.push(fitted(...pair, request.continuation, maxLength));
    }
    await setImmediate();
    signal?.throwIfAborted();
  }
  return encoded;
}

function withoutTrailingSpace(request: LoglikelihoodRequest): LoglikelihoodRequest {
  const context = stripEnd(request.context);
  const space = request.context.slice(context.length);
  return { ...request, context, continuation: space + request.continuation };
}

/** A continuation that begins with the prefix token itself is scored from its second token on. */
async function afterNothing(
  continuation: string,
  { encodeBare, prefixTokenId }: PromptEncoder,
): Promise<readonly [context: Int32Array, continuation: Int32Array]> {
  if (prefixTokenId === undefined) {
    throw new ConfigError("a text without context cannot be scored", {
      why: "the tokenizer has neither bos_token nor eos_token to put before it",
      todo: "add bos_token to tokenizer_config.json",
    });
  }
  const ids = await encodeBare(continuation);
  if (ids[0] === prefixTokenId) return [ids.subarray(0, 1), ids.subarray(1)];
  return [Int32Array.of(prefixTokenId), ids];
}

/** Context and continuation as what the model reads and is compared with. */
function fitted(
  context: Int32Array,
  continuation: Int32Array,
  text: string,
  maxLength: number,
): EncodedRequest {
  const { length } = continuation;
  if (context.length === 0 || length === 0 || length > maxLength) {
    throw new DataError(`the continuation ${JSON.stringify(text.slice(0, 80))} cannot be scored`, {
      why:
        length > maxLength
          ? `it has ${length} tokens, and the model has ${maxLength} positions`
          : "after its context it has no token of its own, or there is nothing before it",
      todo: "change the text, or leave out its question",
    });
  }
  const ids = new Int32Array(context.length + length - 1);
  ids.set(context);
  ids.set(continuation.subarray(0, length - 1), context.length);
  const cutTokens = Math.max(0, ids.length - maxLength);
  return { ids: ids.subarray(cutTokens), targets: continuation, cutTokens };
}
