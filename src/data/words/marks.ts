/** What of a conversation a template shows, found by rendering it with marks in all its words. */
import type { Conversation } from "../../text/index.js";
import { mapWords, type Part } from "./words.js";

/** Something that is said and does not reach the rendered text. */
export interface LostWords {
  part: Part;
  /** The words from where they are missing. */
  from: string;
  /** Other words of the part are shown. */
  isPartly: boolean;
}

export interface Shown {
  lost: LostWords[];
  /** Every part that is shown, in the order of the rendered text. */
  order: Part[];
}

/** A mark in a text. */
interface Mark {
  part: Part;
  /** As it stands in the rendered text. */
  text: string;
  /** The words that it stands before. */
  from: string;
}

/**
 * Templates may trim, escape and move words; a mark inside them goes with them. Marks are letters and
 * digits, which nothing escapes.
 * @param render gives the text of a conversation, in whatever case
 */
export function findLost(
  conversation: Conversation,
  render: (marked: Conversation) => string,
): Shown {
  const marks: Mark[] = [];
  const marked = mapWords(conversation, {
    text: (text, part) => withMarks(text, part, marks),
    number(_value, part) {
      const number = firstNumber + marks.length;
      marks.push({ part, text: String(number), from: "" });
      return number;
    },
  });
  const rendered = render(marked).toLowerCase();
  const lost = new Map<string, Omit<LostWords, "isPartly">>();
  const order: Part[] = [];
  const placed = marks
    .map((mark) => ({ ...mark, at: rendered.indexOf(mark.text) }))
    .sort((a, b) => a.at - b.at);
  const ordered = new Set<string>();
  for (const { part, from, at } of placed) {
    const key = partKey(part);
    if (at === -1) {
      if (!lost.has(key)) lost.set(key, { part, from });
    } else if (!ordered.has(key)) {
      ordered.add(key);
      order.push(part);
    }
  }
  const named = [...lost].map(([key, words]) => ({ ...words, isPartly: ordered.has(key) }));
  return { lost: named, order };
}

/** The same for all words of a part. */
export function partKey({ kind, message, name }: Part): string {
  return `${message} ${kind} ${kind === "key" ? name : ""}`;
}

/** Numbers in the place of others: of a length that data rarely have. */
const firstNumber = 73_102_000_000;

function withMarks(text: string, part: Part, marks: Mark[]): string {
  let marked = "";
  let from = 0;
  for (const at of markPlaces(text)) {
    const mark = `zq${marks.length}qz`;
    marks.push({ part, text: mark, from: text.slice(from > 0 ? at : 0, at + 60) });
    marked += `${text.slice(from, at)}${mark}`;
    from = at;
  }
  return marked + text.slice(from);
}

const marksInText = 24;

/**
 * Before words here and there, and inside the first and the last word: what a template looks for, at the
 * ends of a text or inside it, stays whole. So do tags and characters.
 */
function markPlaces(text: string): number[] {
  const starts = [...text.matchAll(/\s(?=\S)/g)].map(({ index }) => index + 1);
  const step = Math.max(1, starts.length / marksInText);
  const chosen = Array.from(
    { length: Math.min(marksInText, starts.length) },
    (_, index) => starts[Math.floor(index * step)]!,
  );
  const places = [1, ...chosen, text.length - 1].map((at) => outsideTag(at, text));
  const inside = places
    .map((at) => (isLowSurrogate(text.charCodeAt(at)) ? at + 1 : at))
    .filter((at) => at > 0 && at < text.length);
  return inside.length === 0 ? [text.length] : [...new Set(inside)].sort((a, b) => a - b);
}

/** The place itself, or the end of the tag that it is in: the beginning of one that ends the text. */
function outsideTag(at: number, text: string): number {
  for (const { 0: tag, index } of text.matchAll(/<[^<>\s]{1,40}>|\[\/?[A-Z_]{2,20}\]/g)) {
    const end = index + tag.length;
    if (index < at && at < end) return end === text.length ? index : end;
  }
  return at;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
