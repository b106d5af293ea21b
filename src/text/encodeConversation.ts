/** From conversations to ids and labels. */
import type { BorderedText } from "./native.js";
import type { Tokenizer } from "./tokenizer.js";
import {
  type ChatTemplate,
  type Conversation,
  type EncodedConversation,
  type IdSegment,
  ignoredLabel,
  type Message,
  type Segment,
  type TextSegment,
} from "./types.js";

export interface EncodeConversationOptions {
  /** Tokens beyond this number are cut off on the right. Default: none are. */
  maxSeqLength?: number | undefined;
  /** Label the assistant's turns, or every token. Default `assistant`. */
  trainOn?: "assistant" | "all" | undefined;
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
 * Renders conversations into segments and encodes them in one native call. Text segments that
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
  const rendered = conversations.map(({ messages, tools, source }) =>
    template.render(messages, {
      tools,
      source,
      promptOnly: options.trainOn === "all",
    }),
  );
  if (options.trainOn === "all") for (const segments of rendered) segments.forEach(trainOn);
  const encoded = await encodeSegmentLists(rendered, tokenizer);
  return conversations.map(({ source, id }, index) => {
    const { ids, labels } = encoded[index]!;
    const length = Math.min(ids.length, options.maxSeqLength ?? ids.length);
    const cutLabels = labels.subarray(0, length);
    if (length > 0) cutLabels[0] = ignoredLabel;
    return {
      inputIds: ids.subarray(0, length),
      labels: cutLabels,
      labelledTokens: cutLabels.reduce((sum, label) => sum + Number(label !== ignoredLabel), 0),
      truncated: length < ids.length,
      fullLength: ids.length,
      segments: rendered[index]!,
      ...(source === undefined ? {} : { source }),
      ...(id === undefined ? {} : { id }),
    };
  });
}

/** Ids of a prompt that the assistant is to answer, with what opens its turn. */
export async function encodePrompt(
  messages: readonly Message[],
  tokenizer: Tokenizer,
  template: ChatTemplate,
  tools?: unknown[],
): Promise<Int32Array> {
  const segments = template.render(messages, {
    tools,
    addGenerationPrompt: true,
    promptOnly: true,
  });
  const [encoded] = await encodeSegmentLists([segments], tokenizer);
  return encoded!.ids;
}

function trainOn(segment: Segment): void {
  segment.train = true;
}

interface EncodedSegments {
  ids: Int32Array;
  labels: Int32Array;
}

/** Text segments that are encoded as one. */
interface Run {
  segments: TextSegment[];
  /** Index of the text among those of the native call. */
  index: number;
}

async function encodeSegmentLists(
  lists: readonly (readonly Segment[])[],
  tokenizer: Tokenizer,
): Promise<EncodedSegments[]> {
  const texts: BorderedText[] = [];
  const plans = lists.map((segments) => planRuns(segments, texts));
  const encoded = await tokenizer.encodeBordered(texts);

  return plans.map((plan) => {
    let length = 0;
    for (const part of plan) {
      length += "ids" in part ? part.ids.length : encoded[part.index]!.ids.length;
    }
    const ids = new Int32Array(length);
    const labels = new Int32Array(length).fill(ignoredLabel);
    let at = 0;
    for (const part of plan) {
      if ("ids" in part) {
        ids.set(part.ids, at);
        if (part.train) labels.set(part.labels ?? part.ids, at);
        at += part.ids.length;
        continue;
      }
      const { ids: runIds, tokenIndexes } = encoded[part.index]!;
      ids.set(runIds, at);
      for (const [index, segment] of part.segments.entries()) {
        if (!segment.train) continue;
        const first = index === 0 ? 0 : tokenIndexes[index - 1]!;
        const last = tokenIndexes[index] ?? runIds.length;
        labels.set(runIds.subarray(first, last), at + first);
      }
      at += runIds.length;
    }
    return { ids, labels };
  });
}

/** Groups segments into runs and adds each run's text, with the borders inside, to `texts`. */
function planRuns(segments: readonly Segment[], texts: BorderedText[]): (Run | IdSegment)[] {
  const plan: (Run | IdSegment)[] = [];
  for (const segment of segments) {
    if ("ids" in segment) {
      plan.push(segment);
      continue;
    }
    const last = plan.at(-1);
    if (last && "segments" in last && !segment.apart) last.segments.push(segment);
    else plan.push({ segments: [segment], index: -1 });
  }
  for (const run of plan) {
    if ("ids" in run) continue;
    let text = "";
    const borders: number[] = [];
    for (const [index, segment] of run.segments.entries()) {
      if (index > 0) borders.push(text.length);
      text += segment.text;
    }
    run.index = texts.length;
    texts.push({ text, borders });
  }
  return plan;
}
