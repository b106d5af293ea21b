/** From conversations to ids and labels. */
import type { JsonValue } from "../util/json/index.js";
import { checkWellFormed } from "./checks.js";
import { renderConversation } from "./continuedTurns.js";
import { plainTextSegments } from "./plainText.js";
import { type EncodedSegments, encodeSegmentLists } from "./segmentIds.js";
import { checkLiterals, guardedTemplate, type SpecialTokensInText } from "./spelledTokens.js";
import type { Tokenizer } from "./tokenizer.js";
import {
  type ChatTemplate,
  type Conversation,
  type EncodedConversation,
  ignoredLabel,
  type Message,
  type Segment,
  type TemplateVariables,
} from "./types.js";

export interface EncodeConversationOptions {
  /**
   * Tokens beyond this number are cut off on the right. Default: none are. Of a conversation that is
   * much longer only the beginning is encoded, to the same ids.
   */
  maxSeqLength?: number | undefined;
  /** Label the assistant's turns, or every token. Default `assistant`. */
  trainOn?: "assistant" | "all" | undefined;
  /** How text of a row that spells a special token is encoded. Default `error`. */
  specialTokensInText?: SpecialTokensInText | undefined;
}

/**
 * Encodes one conversation. See {@link encodeConversations}, which is faster for many.
 * @throws DataError when the template cannot render it
 */
export async function encodeConversation(
  conversation: Conversation,
  tokenizer: Tokenizer,
  template: ChatTemplate,
  options: EncodeConversationOptions = {},
): Promise<EncodedConversation> {
  const encoded = await encodeConversations([conversation], tokenizer, template, options);
  return encoded[0]!;
}

/**
 * Renders conversations into segments and encodes them together. Text segments that
 * follow each other are encoded together, as transformers does, unless one says `apart`; a token is
 * labelled when its first character lies in a trained segment, so one that reaches over a border
 * belongs to the side where it starts.
 * @throws DataError when the template cannot render a conversation
 */
export async function encodeConversations(
  conversations: readonly Conversation[],
  tokenizer: Tokenizer,
  template: ChatTemplate,
  options: EncodeConversationOptions = {},
): Promise<EncodedConversation[]> {
  const { maxSeqLength } = options;
  const rendered = await renderAll(conversations, tokenizer, template, options);
  const encoded = await encodeSegmentLists(rendered, tokenizer, maxSeqLength);
  return conversations.map((conversation, index) =>
    cutOnRight(encoded[index]!, maxSeqLength, rendered[index]!, conversation),
  );
}

/** Segments of each conversation. */
export async function renderAll(
  conversations: readonly Conversation[],
  tokenizer: Tokenizer,
  template: ChatTemplate,
  options: Pick<EncodeConversationOptions, "trainOn" | "specialTokensInText"> = {},
): Promise<Segment[][]> {
  const { trainOn = "assistant", specialTokensInText = "error" } = options;
  const isWhole = ({ learnt }: Conversation) => trainOn === "all" || learnt === "all";
  const hasText = conversations.some(({ kind }) => kind === "text");
  const plain = hasText
    ? await plainTextSegments(tokenizer, template, specialTokensInText)
    : undefined;
  const guarded = guardedTemplate(template, tokenizer, specialTokensInText);
  const rendered = conversations.map((conversation) =>
    conversation.kind === "text"
      ? plain!(conversation)
      : renderConversation(conversation, guarded, { promptOnly: isWhole(conversation) }),
  );
  for (const [index, segments] of rendered.entries()) {
    const conversation = conversations[index]!;
    checkWellFormed(segments, conversation.source);
    await checkLiterals(segments, tokenizer, conversation.source);
    if (isWhole(conversation)) segments.forEach(trainOnIt);
  }
  return rendered;
}

/** The first `maxSeqLength` ids. */
export function cutOnRight(
  { ids, labels, complete, fullLength }: EncodedSegments,
  maxSeqLength: number | undefined,
  segments: Segment[],
  { source, id }: Pick<Conversation, "source" | "id">,
): EncodedConversation {
  const length = Math.min(ids.length, maxSeqLength ?? ids.length);
  const cutLabels = labels.subarray(0, length);
  if (length > 0) cutLabels[0] = ignoredLabel;
  return {
    inputIds: ids.subarray(0, length),
    labels: cutLabels,
    labelledTokens: countLabels(cutLabels),
    truncated: length < fullLength,
    fullLength,
    ...(complete ? {} : { fullLengthEstimated: true as const }),
    segments,
    ...(source === undefined ? {} : { source }),
    ...(id === undefined ? {} : { id }),
  };
}

export function countLabels(labels: Int32Array): number {
  return labels.reduce((sum, label) => sum + Number(label !== ignoredLabel), 0);
}

/**
 * Ids of a prompt that the assistant is to answer, with what opens its turn. Text that spells a
 * special token is ordinary text.
 *
 * @param variables that this conversation gives to the template
 */
export async function encodePrompt(
  messages: readonly Message[],
  tokenizer: Tokenizer,
  template: ChatTemplate,
  tools?: JsonValue[],
  variables?: TemplateVariables,
): Promise<Int32Array> {
  const conversation: Conversation = {
    messages: [...messages],
    ...(tools === undefined ? {} : { tools }),
    ...(variables === undefined ? {} : { chatTemplateKwargs: variables }),
  };
  const guarded = guardedTemplate(template, tokenizer, "text");
  const segments = renderConversation(conversation, guarded, {
    addGenerationPrompt: true,
    promptOnly: true,
  });
  await checkLiterals(segments, tokenizer);
  const [encoded] = await encodeSegmentLists([segments], tokenizer);
  return encoded!.ids;
}

function trainOnIt(segment: Segment): void {
  segment.train = true;
}
