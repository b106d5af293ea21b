/** From segments to ids and labels: as much of them as is wanted. */
import type { BorderedText } from "./borderedText.js";
import { sliceText } from "./sliceText.js";
import type { Tokenizer } from "./tokenizer.js";
import { type IdSegment, ignoredLabel, type Segment, type TextSegment } from "./types.js";

export interface EncodedSegments {
  ids: Int32Array;
  /** Same length; -100 where nothing is trained on. */
  labels: Int32Array;
  /** Where trained segments end, and the message that each came from. */
  trainedEnds: { at: number; message: number | undefined }[];
  /** False: there is more behind these ids, which are as many as were wanted or more. */
  complete: boolean;
  /** Number of all ids; an estimate unless `complete`. */
  fullLength: number;
}

/** Text segments that are encoded as one. */
interface Run {
  segments: TextSegment[];
  /** Index of the text among those that are encoded together. */
  index: number;
  /** See {@link BorderedText}. */
  inside: boolean;
  literal: boolean;
}

interface Plan {
  parts: (Run | IdSegment)[];
  complete: boolean;
  /** Characters that are encoded, of all. */
  share: number;
}

/** How much of a list is looked at before more of it is. */
interface Thrift {
  /** Characters first encoded for each id that is wanted, of alphabets and of Chinese writing. */
  perId: number;
  perWideId: number;
  extra: number;
  /** A list is encoded in part when it is so many times longer. */
  slack: number;
}

/** All but very long lists are encoded whole, so that their length is known: twice what English takes. */
const generous: Thrift = { perId: 8, perWideId: 8, extra: 2048, slack: 2 };
/** Little more than what is wanted is encoded. */
const sparing: Thrift = { perId: 5, perWideId: 1.5, extra: 768, slack: 1.25 };

/**
 * Encodes lists of segments, all together where all of each list is wanted. Of a much longer
 * list only the beginning is encoded; its ids are those that encoding all of it gives.
 * @param wanted ids that are enough. Default: all.
 * @param exactLengths false: encode as little as gives them, whatever that leaves unknown
 */
export async function encodeSegmentLists(
  lists: readonly (readonly Segment[])[],
  tokenizer: Tokenizer,
  wanted = Number.POSITIVE_INFINITY,
  exactLengths = true,
): Promise<EncodedSegments[]> {
  const results: EncodedSegments[] = [];
  const thrift = exactLengths ? generous : sparing;
  let times = 1;
  let open = lists.map((_, index) => index);
  while (open.length > 0) {
    const texts: BorderedText[] = [];
    const plans = open.map((index) => {
      const budget = times * firstBudget(lists[index]!, wanted, thrift);
      return planRuns(lists[index]!, texts, budget, thrift.slack);
    });
    const encoded = await tokenizer.encodeBordered(texts);
    open = open.filter((index, order) => {
      const result = assemble(plans[order]!, encoded);
      results[index] = result;
      return !result.complete && result.ids.length < wanted;
    });
    times *= 3;
  }
  return results;
}

/** Characters that probably give the ids that are wanted, by the writing of the list's beginning. */
function firstBudget(
  segments: readonly Segment[],
  wanted: number,
  { perId, perWideId, extra }: Thrift,
): number {
  if (perId === perWideId || wanted === Number.POSITIVE_INFINITY) return wanted * perId + extra;
  let seen = 0;
  let wide = 0;
  for (const segment of segments) {
    if ("ids" in segment) continue;
    const length = Math.min(segment.text.length, 2 * wanted - seen);
    for (let at = 0; at < length; at += 4) if (segment.text.charCodeAt(at) >= 0x2e80) wide += 4;
    seen += length;
    if (seen >= 2 * wanted) break;
  }
  const share = Math.min(1, wide / Math.max(1, seen));
  return wanted * (perId * (1 - share) + perWideId * share) + extra;
}

/** Groups segments into runs and adds each run's text, with the borders inside, to `texts`. */
function planRuns(
  segments: readonly Segment[],
  texts: BorderedText[],
  budget: number,
  slack: number,
): Plan {
  const size = (segment: Segment) => ("ids" in segment ? segment.ids.length : segment.text.length);
  const all = segments.reduce((sum, segment) => sum + size(segment), 0);
  const limit = all > slack * budget ? budget : all;
  const parts: Plan["parts"] = [];
  let used = 0;
  let partial = false;
  for (const segment of segments) {
    const last = parts.at(-1);
    const joins = last && "segments" in last && "text" in segment && !segment.apart;
    if (used >= limit && limit < all) {
      partial ||= Boolean(joins);
      break;
    }
    const room = limit - used;
    used += Math.min(room, size(segment));
    if ("ids" in segment) {
      parts.push(segment);
      continue;
    }
    const own = segment.text.length > room ? sliceText(segment, 0, room) : segment;
    if (own !== segment) partial = true;
    if (joins && !own.literal) last.segments.push(own);
    else parts.push(...runsOf(own, joins ? last : undefined));
  }
  for (const [order, run] of parts.entries()) {
    if ("ids" in run) continue;
    let text = "";
    const borders: number[] = [];
    for (const [index, segment] of run.segments.entries()) {
      if (index > 0) borders.push(text.length);
      text += segment.text;
    }
    run.index = texts.length;
    const { inside, literal } = run;
    const flags = inside || literal ? { inside, literal } : {};
    const isPartial = partial && order === parts.length - 1;
    texts.push({ text, borders, ...flags, ...(isPartial ? { partial } : {}) });
  }
  return { parts, complete: limit === all, share: all === 0 ? 1 : used / all };
}

/** The runs that a segment begins. @param before the one that its first words join */
function runsOf(segment: TextSegment, before: Run | undefined): Run[] {
  const { literal = [], ...whole } = segment;
  const runs: Run[] = [];
  const add = (start: number, end: number, inside: boolean, isLiteral: boolean) => {
    const piece = { ...whole, text: segment.text.slice(start, end) };
    runs.push({ segments: [piece], index: -1, inside, literal: isLiteral });
  };
  const first = literal[0]?.[0] ?? segment.text.length;
  if (before) before.segments.push({ ...whole, text: segment.text.slice(0, first) });
  else if (first > 0 || literal.length === 0) add(0, first, false, false);
  for (const [order, [start, end]] of literal.entries()) {
    const startsText = start === 0 && segment.apart === true;
    if (end > start) add(start, end, !startsText, true);
    // Even where no text follows, so that the next segment does not join what is literal.
    add(end, literal[order + 1]?.[0] ?? segment.text.length, true, false);
  }
  return runs;
}

function assemble(
  plan: Plan,
  encoded: Awaited<ReturnType<Tokenizer["encodeBordered"]>>,
): EncodedSegments {
  let length = 0;
  for (const part of plan.parts) {
    length += "ids" in part ? part.ids.length : encoded[part.index]!.ids.length;
  }
  const ids = new Int32Array(length);
  const labels = new Int32Array(length).fill(ignoredLabel);
  const trainedEnds: EncodedSegments["trainedEnds"] = [];
  let at = 0;
  for (const part of plan.parts) {
    if ("ids" in part) {
      ids.set(part.ids, at);
      if (part.train) labels.set(part.labels ?? part.ids, at);
      at += part.ids.length;
      if (part.train) endTrained(trainedEnds, at, part.message, at - part.ids.length);
      continue;
    }
    const { ids: runIds, tokenIndexes } = encoded[part.index]!;
    ids.set(runIds, at);
    for (const [index, segment] of part.segments.entries()) {
      if (!segment.train) continue;
      const first = index === 0 ? 0 : tokenIndexes[index - 1]!;
      const last = tokenIndexes[index] ?? runIds.length;
      labels.set(runIds.subarray(first, last), at + first);
      endTrained(trainedEnds, at + last, segment.message, at + first);
    }
    at += runIds.length;
  }
  // What ends where the ids do may go on behind them.
  const sure = trainedEnds.filter((end) => plan.complete || end.at < length);
  const fullLength = plan.complete ? length : Math.max(length + 1, Math.round(length / plan.share));
  return { ids, labels, trainedEnds: sure, complete: plan.complete, fullLength };
}

/** A trained segment of no message that follows another (an end token) belongs to it. */
function endTrained(
  ends: EncodedSegments["trainedEnds"],
  at: number,
  message: number | undefined,
  start: number,
): void {
  const before = ends.at(-1);
  if (before?.at === start && (message === undefined || message === before.message)) before.at = at;
  else ends.push({ at, message });
}
