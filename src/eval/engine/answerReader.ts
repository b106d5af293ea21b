/** Reads the tokens of an answer: when it is over, and its text. */
import { createStopMatcher } from "../../generate/index.js";
import type { GenerationRequest } from "../types.js";
import type { EngineModel } from "./engine.js";

export interface AnswerReader {
  /** Tokens that end the answer. */
  stopTokenIds: readonly number[];
  push(tokenId: number): void;
  /** Whether one of the texts that end it has been met. */
  isOver(): boolean;
  /** What lm-evaluation-harness takes for the answer. */
  answer(): string;
}

/**
 * A special token among the texts that end an answer ends it as a token, since texts are decoded without
 * special tokens; in conversations the template's ends do so too.
 *
 * @see lm_eval `HFLM.generate_until` and `postprocess_generated_text`
 */
export function answerReader(
  chat: EngineModel,
  { until, rendered = false }: GenerationRequest,
): AnswerReader {
  const { model, tokenizer } = chat;
  const eos = tokenizer.eosToken;
  const ends = [...until, ...(eos === undefined || until.includes(eos) ? [] : [eos])];
  const texts = [...ends, ...(rendered ? chat.stop : [])].filter((text) => text !== "");
  const spelled = ends.flatMap((text) => {
    const id = tokenizer.tokenToId(text);
    return id !== undefined && tokenizer.specialTokenIds.has(id) ? [id] : [];
  });
  const decoder = tokenizer.decodeStream({ skipSpecialTokens: true });
  const matcher = createStopMatcher(texts);
  const ids: number[] = [];
  return {
    stopTokenIds: [
      ...model.config.eos_token_id,
      ...tokenizer.eosTokenIds,
      ...spelled,
      ...(rendered ? chat.stopTokenIds : []),
    ],
    push(tokenId) {
      ids.push(tokenId);
      matcher.push(decoder.push(tokenId));
    },
    isOver: () => matcher.matched !== undefined,
    answer: () => cutAtEach(tokenizer.decode(ids, { skipSpecialTokens: true }), texts),
  };
}

/** What stands before the first occurrence of each text in what the texts before it have left. */
function cutAtEach(answer: string, texts: readonly string[]): string {
  return texts.reduce((rest, text) => rest.split(text, 1)[0]!, answer);
}
