/** Handling of conversations longer than the maximum sequence length. */
import { cutOnRight, renderAll } from "./encodeConversation.js";
import { type EncodedSegments, encodeSegmentLists } from "./segmentIds.js";
import type { SpecialTokensInText } from "./spelledTokens.js";
import { splitConversation } from "./splitConversation.js";
import { splitText } from "./splitText.js";
import type { Tokenizer } from "./tokenizer.js";
import { turnEnds } from "./turnEnds.js";
import type { ChatTemplate, Conversation, EncodedConversation, Message } from "./types.js";

/**
 * `cut` keeps the first tokens; `cut_turn` the turns that fit whole; `drop` nothing; `split` makes
 * several sequences of whole turns, each with the system message. Where the first turn alone is too
 * long, `cut_turn` and `split` cut it.
 */
export type OverLength = "cut" | "cut_turn" | "drop" | "split";

export interface EncodeSequencesOptions {
  /** Maximum number of tokens per sequence. Default: unlimited. */
  maxSeqLength?: number | undefined;
  /** Default `cut`. */
  overLength?: OverLength | undefined;
  /**
   * False: of what is cut, no more is encoded than is kept, and `fullLength` is often an estimate.
   * Default true: so it is only for rows many times too long.
   */
  exactLengths?: boolean | undefined;
  /** How text of a row that spells a special token is encoded. Default `error`. */
  specialTokensInText?: SpecialTokensInText | undefined;
}

/**
 * Encodes conversations, each to the sequences that are trained on. Plain texts that are too long
 * become pieces that follow each other, unless they are dropped.
 * @returns for each conversation its sequences; none where it is dropped
 * @throws DataError when the template cannot render a conversation
 */
export async function encodeSequences(
  conversations: readonly Conversation[],
  tokenizer: Tokenizer,
  template: ChatTemplate,
  options: EncodeSequencesOptions = {},
): Promise<EncodedConversation[][]> {
  const { maxSeqLength, overLength = "cut", exactLengths, specialTokensInText } = options;
  const max = maxSeqLength ?? Number.POSITIVE_INFINITY;
  const rendered = await renderAll(conversations, tokenizer, template, { specialTokensInText });
  const needsAll = (one: Conversation) =>
    overLength === "split" || (isText(one) && overLength !== "drop");
  // Those that are wanted whole keep the others from being encoded in part only.
  const encoded = await encodeTwoWays(
    conversations.map(needsAll),
    (indexes, wanted) =>
      encodeSegmentLists(
        indexes.map((index) => rendered[index]!),
        tokenizer,
        wanted,
        exactLengths,
      ),
    maxSeqLength,
  );
  return Promise.all(
    conversations.map(async (conversation, index) => {
      const whole = encoded[index]!;
      const segments = rendered[index]!;
      const cut = () => [cutOnRight(whole, maxSeqLength, segments, conversation)];
      if (whole.complete && whole.ids.length <= max) return cut();
      if (overLength === "drop") return [];
      if (isText(conversation)) return splitText(whole, max, segments, conversation);
      if (overLength === "cut_turn") {
        const end = lastTurnEnd(whole, conversation.messages, max);
        return [cutOnRight(whole, end ?? maxSeqLength, segments, conversation)];
      }
      if (overLength === "split") {
        const render = (part: Conversation) =>
          renderAll([part], tokenizer, template, { specialTokensInText });
        return splitConversation(conversation, whole, max, tokenizer, render);
      }
      return cut();
    }),
  );
}

/** A text alone: it goes on from piece to piece. */
function isText({ kind, messages }: Conversation): boolean {
  return kind === "text" && messages.length === 1;
}

/** Encodes some wholly and some as far as `wanted` ids; both in the order of the flags. */
async function encodeTwoWays(
  whole: readonly boolean[],
  encode: (indexes: readonly number[], wanted?: number) => Promise<EncodedSegments[]>,
  wanted: number | undefined,
): Promise<EncodedSegments[]> {
  const indexes = whole.map((_, index) => index);
  const results: EncodedSegments[] = [];
  for (const kind of [true, false]) {
    const own = indexes.filter((index) => whole[index] === kind);
    if (own.length === 0) continue;
    const encoded = await encode(own, kind ? undefined : wanted);
    for (const [order, index] of own.entries()) results[index] = encoded[order]!;
  }
  return results;
}

/** Where the last whole turn within `max` ends: learnt words that a question or nothing follows. */
function lastTurnEnd(
  { trainedEnds }: EncodedSegments,
  messages: readonly Message[],
  max: number,
): number | undefined {
  return turnEnds(trainedEnds, messages).findLast(({ at }) => at <= max)?.at;
}
