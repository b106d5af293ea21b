/**
 * Whether two turns that share most of their text say something else: the same page with another
 * question below it, a clause with and without its "not", a line of code on another level.
 */
import { jaccardSimilarity, type ShingleShape, shingleHashes } from "./signatures.js";

/** What of a turn is compared with the same turn of another row. */
export interface TurnText {
  /** Words, each once. */
  words: BigUint64Array;
  /** Its sentences, without case and with single spaces. */
  sentences: ReadonlySet<string>;
  /** Of a short turn: its letters, figures and signs. */
  bare: string | undefined;
  /** By how much each of its lines is indented. */
  indents: string;
}

const words: ShingleShape = { shingle: "mixed", ngram: 1, shortTexts: "whole" };
const phrases: ShingleShape = { ...words, ngram: 5 };

/** A text of fewer different words, and fewer characters, is short: a word more or less may be all that it says. */
const shortWords = 20;
const shortText = 200;
/** Questions may be put in other words where long answers are the same. */
const likeQuestion = 0.5;

export function turnText(text: string): TurnText {
  const hashes = shingleHashes(text, words);
  const isShort = hashes.length < shortWords && text.length < shortText;
  return {
    words: hashes,
    sentences: sentencesOf(text),
    bare: isShort ? bareText(text) : undefined,
    indents: indentsOf(text),
  };
}

/** Whether two answers, or what only one of them says, differ. */
export function answersDiffer(one: TurnText, other: TurnText, threshold: number): boolean {
  if (one.bare !== undefined && other.bare !== undefined && one.bare !== other.bare) return true;
  if (indentsDiffer(one, other)) return true;
  const [left, right] = differences(one, other);
  return signsDiffer(left, right) || jaccardSimilarity(one.words, other.words) < threshold;
}

/**
 * Whether the sentences in which two questions differ ask something else. A short answer (a label, a
 * yes) fits many questions, so there they have to be near duplicates by themselves, and none may be added.
 */
export function questionsDiffer(
  one: TurnText,
  other: TurnText,
  threshold: number,
  shortAnswer: boolean,
): boolean {
  if (indentsDiffer(one, other)) return true;
  const [left, right] = differences(one, other);
  if (signsDiffer(left, right)) return true;
  if (left === "" || right === "") {
    const isMore = shortAnswer && left !== right;
    return isMore || jaccardSimilarity(one.words, other.words) < likeQuestion;
  }
  const [shape, least] = shortAnswer ? [phrases, threshold] : [words, likeQuestion];
  return jaccardSimilarity(shingleHashes(left, shape), shingleHashes(right, shape)) < least;
}

/** The sentences that only one of two turns has. */
function differences(one: TurnText, other: TurnText): [string, string] {
  const only = (these: ReadonlySet<string>, those: ReadonlySet<string>) =>
    [...these].filter((sentence) => !those.has(sentence)).join("\n");
  return [only(one.sentences, other.sentences), only(other.sentences, one.sentences)];
}

/** The letter or number of an option ends none. */
const sentenceEnd = /(?<=\S\S[.?!]\s)|(?<=[。．！？…؟۔।])|\n/u;

function sentencesOf(text: string): Set<string> {
  const folded = text.toLowerCase().replace(/[^\S\n]+/gu, " ");
  const sentences = folded.split(sentenceEnd).map((sentence) => withoutEnd(sentence.trim()));
  return new Set(sentences.filter((sentence) => sentence !== ""));
}

const ending = /(?:[.。．,，;；…~～?？\s]|(?<=\p{L})[!！])$/u;

/** Without what ends a sentence; a sign at a time, since an expression for all is slow on a line of full stops. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ending.test(text.slice(Math.max(0, end - 3), end))) end--;
  return text.slice(0, end);
}

/** Without case, space and what ends a sentence. */
function bareText(text: string): string {
  return withoutEnd(text.toLowerCase().replace(/\s+/gu, ""));
}

const negation =
  /\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|false|un(?:safe|able))\b|n['’]t\b|[不没沒无無非未别別勿]|ない|ません/giu;
/** Signs that words leave out: 17 + 25 is not 17 - 25. */
const sign = /[\p{S}*/%\-−]/gu;

export function countNegations(text: string): number {
  return text.match(negation)?.length ?? 0;
}

/** The first and the last sentence of a turn. */
export function beginAndEnd({ sentences }: TurnText): string {
  const all = [...sentences];
  return `${all[0] ?? ""}\n${all.at(-1) ?? ""}`;
}

/** Whether one text denies what the other says, or two short ones have other signs. */
function signsDiffer(one: string, other: string): boolean {
  if (countNegations(one) !== countNegations(other)) return true;
  const signsOf = (text: string) => (text.match(sign) ?? []).join("");
  const areShort = one.length < shortText && other.length < shortText;
  return areShort && signsOf(one) !== signsOf(other);
}

function indentsOf(text: string): string {
  const lines = text
    .trim()
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.map((line) => line.length - line.trimStart().length).join(" ");
}

/** Whether the same lines are on other levels; a copy without any indentation is a copy. */
function indentsDiffer({ indents: one }: TurnText, { indents: other }: TurnText): boolean {
  const levels = /[1-9]/;
  return (
    one !== other &&
    levels.test(one) &&
    levels.test(other) &&
    one.split(" ").length === other.split(" ").length
  );
}
