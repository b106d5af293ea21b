/** Several sequences of one long conversation, each of whole turns and with the system message. */
import { cutOnRight } from "./encodeConversation.js";
import { type EncodedSegments, encodeSegmentLists } from "./segmentIds.js";
import type { Tokenizer } from "./tokenizer.js";
import { turnEnds } from "./turnEnds.js";
import type { Conversation, EncodedConversation, Message, Segment } from "./types.js";

/** Turns up to and with one that is learnt. */
interface Unit {
  messages: readonly Message[];
  /** About how many ids it takes. */
  size: number;
}

/** A part of a conversation, encoded. */
interface EncodedPart {
  encoded: EncodedSegments;
  segments: Segment[];
}

/**
 * Fills sequences with as many turns as fit, in their order. Of turns before one that is learnt that
 * are not, the oldest are left out as far as needed. A turn that is too long by itself is cut on the
 * right; where that leaves nothing learnt it is left out, and counts as cut from the sequence beside
 * it.
 * @param whole the conversation, encoded to its end
 * @param render makes segments of a part of it
 */
export async function splitConversation(
  conversation: Conversation,
  whole: EncodedSegments,
  max: number,
  tokenizer: Tokenizer,
  render: (part: Conversation) => Promise<Segment[][]>,
): Promise<EncodedConversation[]> {
  const { messages } = conversation;
  const firstTurn = messages.findIndex(({ role }) => role !== "system");
  const system = messages.slice(0, Math.max(0, firstTurn));
  const units = unitsOf(messages, system.length, whole);
  const encodeTurns = async (part: readonly Message[]): Promise<EncodedPart> => {
    const own = { ...conversation, messages: [...system, ...part] };
    const [segments] = await render(own);
    const [encoded] = await encodeSegmentLists([segments!], tokenizer);
    return { encoded: encoded!, segments: segments! };
  };
  const encode = (first: number, last: number) =>
    encodeTurns(units.slice(first, last + 1).flatMap((unit) => unit.messages));
  const sequences: EncodedConversation[] = [];
  // What the system message and the template put before the turns: part of the first unit's size.
  let opening = 0;
  for (let first = 0; first < units.length; ) {
    let last = first;
    let size = (first === 0 ? 0 : opening) + units[first]!.size;
    while (last + 1 < units.length && size + units[last + 1]!.size <= max) {
      size += units[++last]!.size;
    }
    let part = await encode(first, last);
    while (part.encoded.ids.length > max && last > first) part = await encode(first, --last);
    if (first > 0) {
      const turns = units.slice(first, last + 1).reduce((sum, unit) => sum + unit.size, 0);
      opening = Math.max(0, part.encoded.ids.length - turns);
    }
    const isLong = part.encoded.ids.length > max;
    const shed = isLong ? await withoutOldest(units[first]!.messages, max, encodeTurns) : undefined;
    const { encoded, segments } = shed ?? part;
    const sequence = cutOnRight(encoded, max, segments, conversation);
    sequences.push(
      shed
        ? { ...sequence, ...cutFrom(part.encoded.ids.length), messagesLeftOut: shed.messages }
        : sequence,
    );
    first = last + 1;
  }
  return withoutUnlearnt(sequences);
}

function cutFrom(fullLength: number) {
  return { truncated: true, fullLength };
}

/** Of turns that are too long together as many as fit, from the last one backwards: at least that. */
async function withoutOldest(
  messages: readonly Message[],
  max: number,
  encode: (part: readonly Message[]) => Promise<EncodedPart>,
): Promise<(EncodedPart & { messages: readonly Message[] }) | undefined> {
  const starts = messages.flatMap(({ role }, index) =>
    role === "user" && index > 0 ? [index] : [],
  );
  if (starts.length === 0) return undefined;
  let [low, high] = [0, starts.length - 1];
  let kept = await encode(messages.slice(starts[high]));
  while (low < high) {
    const middle = (low + high) >> 1;
    const part = await encode(messages.slice(starts[middle]));
    if (part.encoded.ids.length > max) low = middle + 1;
    else {
      high = middle;
      kept = part;
    }
  }
  return { ...kept, messages: messages.slice(0, starts[high]) };
}

function unitsOf(messages: readonly Message[], from: number, whole: EncodedSegments): Unit[] {
  const ends = turnEnds(whole.trainedEnds, messages);
  let before = { at: 0, message: from - 1 };
  const units = ends.map((end) => {
    const unit = {
      messages: messages.slice(before.message + 1, end.message + 1),
      size: end.at - before.at,
    };
    before = end;
    return unit;
  });
  const rest = messages.slice(before.message + 1);
  if (rest.length === 0) return units;
  const last = units.pop() ?? { messages: [], size: 0 };
  return [
    ...units,
    { messages: [...last.messages, ...rest], size: last.size + whole.ids.length - before.at },
  ];
}

/**
 * Sequences of a row without those that teach nothing, unless all do; what they held counts as cut
 * from the first one that stays.
 */
export function withoutUnlearnt(sequences: readonly EncodedConversation[]): EncodedConversation[] {
  const learnt = sequences.filter(({ labelledTokens }) => labelledTokens > 0);
  const [first, ...rest] = learnt;
  if (first === undefined) return sequences.slice(0, 1);
  const lost = sequences.filter(({ labelledTokens }) => labelledTokens === 0);
  if (lost.length === 0) return learnt;
  const fullLength = lost.reduce((sum, part) => sum + part.fullLength, first.fullLength);
  const segments = [first, ...lost].flatMap((part) => part.segments);
  return [{ ...first, fullLength, segments, truncated: true }, ...rest];
}
