/**
 * Whether two rows say the same, once they are known to be candidates. Shingles alone do not tell: a sum
 * with another number, or a conversation with another last answer, shares nearly all of them.
 */
import type { WholeRow } from "../../data/index.js";
import { includesHash } from "./commonText.js";
import { comparedText, mediaOf, rowParts, toolNames } from "./comparedText.js";
import { defaultParameters, type SignatureParameters } from "./parameters.js";
import { jaccardSimilarity, type ShingleShape, shingleHashes } from "./signatures.js";
import {
  answersDiffer,
  beginAndEnd,
  countNegations,
  questionsDiffer,
  type TurnText,
  turnText,
} from "./turnDifference.js";

export interface Comparable {
  /** Shingles of the compared text that carry weight. */
  shingles: BigUint64Array;
  /** The rest is empty where everything is compared alike. */
  turns: ComparedTurn[][];
  /** Each number with the one before it, so that their order counts. */
  numbers: ReadonlySet<string>;
  /** Shingles of system messages and tools that are not common. */
  opening: BigUint64Array;
  /** Names of the tools that it may call. */
  tools: ReadonlySet<string>;
  /** Names of pictures and sounds. */
  media: string;
}

interface ComparedTurn extends TurnText {
  answer: boolean;
}

export function comparable(
  whole: WholeRow,
  parameters: SignatureParameters,
  common: BigUint64Array,
): Comparable {
  const text = comparedText(whole, parameters);
  const shingles = shingleHashes(text, parameters, common);
  if (parameters.compare === "all") {
    const [none, empty] = [new Set<string>(), new BigUint64Array(0)];
    return { shingles, turns: [], numbers: none, opening: empty, tools: none, media: "" };
  }
  const { opening, turns } = rowParts(whole, parameters.by);
  const isWhole = parameters.by === "conversation";
  return {
    shingles,
    turns: turns.map((list) => list.map(({ answer, text }) => ({ answer, ...turnText(text) }))),
    numbers: numberPairs(text),
    opening: distinctShingles(opening, parameters, common),
    tools: new Set(isWhole ? toolNames(whole) : []),
    media: isWhole ? mediaOf(whole) : "",
  };
}

/** Shingles of a text that are not common; none where all are. */
function distinctShingles(
  text: string,
  shape: ShingleShape,
  common: BigUint64Array,
): BigUint64Array {
  const distinct = text === "" ? new BigUint64Array(0) : shingleHashes(text, shape, common);
  // Where all are common, all of them come.
  const isCommon = distinct.length > 0 && includesHash(common, distinct[0]!);
  return isCommon ? new BigUint64Array(0) : distinct;
}

const number = /\d+(?:[.,:]\d+)*/g;

function numberPairs(text: string): Set<string> {
  const numbers = text.match(number) ?? [];
  return new Set(numbers.map((number, index) => `${numbers[index - 1] ?? ""} ${number}`));
}

/** With more numbers, or negations, than this, rows may differ in one. */
const few = 12;

/**
 * What is equal in most rows that {@link isToldApart} does not tell apart, for those who cannot compare
 * pairs: a row's numbers, where they are few, its tools, its negations, its short answers with how the
 * questions to them begin and end, and a system message of its own.
 * @param row what {@link comparable} makes of it by {@link defaultParameters}
 */
export function tellingText(whole: WholeRow, row: Comparable): string {
  const text = comparedText(whole, defaultParameters);
  const numbers = text.match(number) ?? [];
  const negations = countNegations(text);
  const said = row.turns.flatMap((list, index) =>
    list.flatMap((turn, at) => {
      if (turn.answer) return turn.bare ?? "";
      return hasShortAnswer(row, index, at) ? beginAndEnd(turn) : "";
    }),
  );
  const isOwn = row.opening.length >= leastOpening;
  return [
    ...(numbers.length > few ? [] : numbers),
    ...row.tools,
    negations > few ? "" : negations,
    ...said,
    ...(isOwn ? [rowParts(whole, "conversation").opening] : []),
  ].join("\n");
}

/** System messages that have less in common are instructions of their own; so are other tools. */
const likeOpening = 0.5;
/** Fewer shingles of an opening are a date or a name in it. */
const leastOpening = 20;

/**
 * Whether something tells two rows apart that are alike on the whole: their media, numbers, system
 * messages or tools, or one of the turns that both have. Always false where everything is compared
 * alike.
 * @param threshold similarity from which numbers, and answers, are the same
 */
export function isToldApart(one: Comparable, other: Comparable, threshold: number): boolean {
  if (one.media !== other.media) return true;
  if (setSimilarity(one.numbers, other.numbers) < threshold) return true;
  if (setSimilarity(one.tools, other.tools) < likeOpening) return true;
  const smaller = Math.min(one.opening.length, other.opening.length);
  if (smaller >= leastOpening && jaccardSimilarity(one.opening, other.opening) < likeOpening) {
    return true;
  }
  return one.turns.some((list, index) =>
    list.some((turn, at) => {
      const counterpart = other.turns[index]?.[at];
      if (counterpart === undefined) return false;
      if (turn.answer || counterpart.answer) return answersDiffer(turn, counterpart, threshold);
      return questionsDiffer(turn, counterpart, threshold, hasShortAnswer(one, index, at));
    }),
  );
}

/** Whether a few words answer a turn; the answer to a pair's question is the chosen one. */
function hasShortAnswer({ turns }: Comparable, list: number, at: number): boolean {
  const after = [...(turns[list]?.slice(at) ?? []), ...(turns[list + 1] ?? [])];
  return after.find(({ answer }) => answer)?.bare !== undefined;
}

function setSimilarity(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let common = 0;
  for (const value of one) if (other.has(value)) common++;
  const all = one.size + other.size - common;
  return all === 0 ? 1 : common / all;
}
