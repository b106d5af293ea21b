/** Plain text as segments: learnt whole, without a chat template. */
import { ConfigError } from "../util/errors.js";
import { controlTokens } from "./controlTokens.js";
import { encodeSegmentLists } from "./segmentIds.js";
import { checkLiterals, literalRanges, type SpecialTokensInText } from "./spelledTokens.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate, Conversation, IdSegment, Segment, TextSegment } from "./types.js";

/**
 * A text with what the tokenizer puts before it (BOS, where it does) and the end token behind it, as
 * TRL does for continued pretraining. Where a prompt comes before it, that is encoded apart and not
 * learnt.
 * @throws ConfigError when the tokenizer has no end token
 */
export async function plainTextSegments(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  specialTokensInText: SpecialTokensInText,
): Promise<(conversation: Conversation) => Segment[]> {
  const end = tokenizer.eosTokenId;
  if (end === undefined) {
    throw new ConfigError(`${tokenizer.name} has no end token (eos_token)`, {
      why: "it is appended to every text, so that the model learns where texts end",
      todo: "add eos_token to tokenizer_config.json",
    });
  }
  const { opening, closing } = await textFrame(tokenizer);
  if (closing.at(-1) !== end) closing.push(end);
  const ids = (list: number[], train = true): IdSegment[] =>
    list.length > 0 ? [{ ids: list, train }] : [];
  const tokens = controlTokens(tokenizer, template);
  return ({ messages, source }) => {
    const parts = messages.map(({ role, content }, message) => {
      const literal = literalRanges(content, tokens, specialTokensInText, source);
      return { ...textSegment(content, literal), train: role === "assistant", message };
    });
    const isLearnt = parts[0]?.train ?? true;
    return [...ids(opening, isLearnt), ...parts, ...ids(closing)];
  };
}

/**
 * Ids of the beginning of a text, for the model to go on with. Text that spells a special token is
 * ordinary text.
 */
export async function encodeTextPrompt(
  text: string,
  tokenizer: Tokenizer,
  template: ChatTemplate,
): Promise<Int32Array> {
  const { opening } = await textFrame(tokenizer);
  const segment = textSegment(
    text,
    literalRanges(text, controlTokens(tokenizer, template), "text"),
  );
  await checkLiterals([segment], tokenizer);
  const [encoded] = await encodeSegmentLists([[segment]], tokenizer);
  return Int32Array.from([...opening, ...encoded!.ids]);
}

function textSegment(text: string, literal: TextSegment["literal"]): TextSegment {
  const segment: TextSegment = { text, train: true, message: 0, apart: true };
  return literal ? { ...segment, literal } : segment;
}

/** What a tokenizer puts before and behind every text. */
export async function textFrame(
  tokenizer: Tokenizer,
): Promise<{ opening: number[]; closing: number[] }> {
  const [bare, framed] = await Promise.all([
    tokenizer.encode("x"),
    tokenizer.encode("x", { addSpecialTokens: true }),
  ]);
  const before = framed.findIndex((_, at) => bare.every((id, index) => framed[at + index] === id));
  const opening = [...framed.subarray(0, Math.max(0, before))];
  const closing = [...framed.subarray(Math.max(0, before) + bare.length)];
  return { opening, closing };
}
