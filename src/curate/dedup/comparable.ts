/**
 * Whether two rows say the same, once they are known to be candidates. Shingles alone do not tell: a sum
 * with another number, or a conversation with another last answer, shares nearly all of them.
 */
import type { WholeRow } from "../../data/index.js";
import { includesHash } from "./commonText.js";
import { comparedText, mediaOf, rowParts, type Turn } from "./comparedText.js";
import { defaultParameters, type SignatureParameters } from "./parameters.js";
import { jaccardSimilarity, type ShingleShape, shingleHashes } from "./signatures.js";

export interface Comparable {
  /** Shingles of the compared text that carry weight. */
  shingles: BigUint64Array;
  /** The rest is empty where everything is compared alike. */
  turns: TurnWords[][];
  /** Each number with the one before it, so that their order counts. */
  numbers: ReadonlySet<string>;
  /** Shingles of system messages and tools that are not common. */
  opening: BigUint64Array;
  /** Names of pictures and sounds. */
  media: string;
}

interface TurnWords {
  answer: boolean;
  /** Words, each once. */
  words: BigUint64Array;
  /** Of a short turn: its letters, figures and signs. */
  bare: string | undefined;
}

const words: ShingleShape = { shingle: "mixed", ngram: 1, shortTexts: "whole" };

/** A turn of fewer different words, and fewer characters, is short: a word more or less may be all that it says. */
const shortTurn = 20;
const shortText = 200;

export function comparable(
  whole: WholeRow,
  parameters: SignatureParameters,
  common: BigUint64Array,
): Comparable {
  const text = comparedText(whole, parameters);
  const shingles = shingleHashes(text, parameters, common);
  if (parameters.compare === "all") {
    return { shingles, turns: [], numbers: new Set(), opening: new BigUint64Array(0), media: "" };
  }
  const { opening, turns } = rowParts(whole, parameters.by);
  return {
    shingles,
    turns: turns.map((list) => list.map(turnWords)),
    numbers: numberPairs(text),
    opening: distinctShingles(opening, parameters, common),
    media: parameters.by === "conversation" ? mediaOf(whole) : "",
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

function turnWords({ answer, text }: Turn): TurnWords {
  const hashes = shingleHashes(text, words);
  const isShort = hashes.length < shortTurn && text.length < shortText;
  return { answer, words: hashes, bare: isShort ? bareText(text) : undefined };
}

/** Without case, space and what ends a sentence. */
function bareText(text: string): string {
  return text
    .toLowerCase()
    .replace(/\s+/gu, "")
    .replace(/(?:[.。．,，;；…~～?？]|(?<=\p{L})[!！])+$/u, "");
}

/** Signs that words leave out: 17 + 25 is not 17 - 25. */
function signsOf(bare: string): string {
  return bare.replace(/[^\p{S}*/%\-−]+/gu, "");
}

const number = /\d+(?:[.,:]\d+)*/g;

function numberPairs(text: string): Set<string> {
  const numbers = text.match(number) ?? [];
  return new Set(numbers.map((number, index) => `${numbers[index - 1] ?? ""} ${number}`));
}

/** With more numbers than this, rows may differ in one. */
const fewNumbers = 12;

/**
 * What is equal in rows that {@link isToldApart} does not tell apart, for those who cannot compare pairs:
 * a row's numbers, where they are few, its short answers, and a system message of its own.
 */
export function tellingText(whole: WholeRow, common: BigUint64Array): string {
  const numbers = comparedText(whole, defaultParameters).match(number) ?? [];
  const { opening, turns } = rowParts(whole, "conversation");
  const answers = turns
    .flat()
    .filter(({ answer }) => answer)
    .map((turn) => turnWords(turn).bare ?? "");
  const isOwn = distinctShingles(opening, defaultParameters, common).length >= leastOpening;
  return [
    ...(numbers.length > fewNumbers ? [] : numbers),
    ...answers,
    ...(isOwn ? [opening] : []),
  ].join("\n");
}

/** System messages that have less in common are instructions of their own; so are other tools. */
const likeOpening = 0.5;
/** Fewer shingles of an opening are a date or a name in it. */
const leastOpening = 20;
/** Questions may be put in other words where the answers are the same. */
const likeQuestion = 0.5;

/**
 * Whether something tells two rows apart that are alike on the whole: their media, numbers, system
 * messages or tools, or one of the turns that both have. Always false where everything is compared
 * alike.
 * @param threshold similarity from which numbers, and answers, are the same
 */
export function isToldApart(one: Comparable, other: Comparable, threshold: number): boolean {
  if (one.media !== other.media) return true;
  if (setSimilarity(one.numbers, other.numbers) < threshold) return true;
  const smaller = Math.min(one.opening.length, other.opening.length);
  if (smaller >= leastOpening && jaccardSimilarity(one.opening, other.opening) < likeOpening) {
    return true;
  }
  return one.turns.some((list, index) =>
    list.some((turn, at) => {
      const counterpart = other.turns[index]?.[at];
      return counterpart !== undefined && turnsDiffer(turn, counterpart, threshold);
    }),
  );
}

function turnsDiffer(one: TurnWords, other: TurnWords, threshold: number): boolean {
  const isAnswer = one.answer || other.answer;
  if (one.bare !== undefined && other.bare !== undefined) {
    if (isAnswer) return one.bare !== other.bare;
    if (signsOf(one.bare) !== signsOf(other.bare)) return true;
  }
  return jaccardSimilarity(one.words, other.words) < (isAnswer ? threshold : likeQuestion);
}

function setSimilarity(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let common = 0;
  for (const value of one) if (other.has(value)) common++;
  const all = one.size + other.size - common;
  return all === 0 ? 1 : common / all;
}
