/** Texts that go round in circles: a unit again and again, or the same sentences. */
import { proseOnly } from "../text/scan/codeSpans.js";

/** Part of a text that repeats a unit without a break. */
export interface Loop {
  unit: string;
  repeats: number;
  /** UTF-16 units that the repeats take. */
  characters: number;
}

const hashedUnits = 8;
const tableBits = 14;
const longestUnit = 400;

/**
 * The longest stretch in which a unit of up to 400 UTF-16 units comes again and again. Units without
 * letters (rules, indentation, tables) do not count. One pass: a place whose eight units were seen a
 * short way back is compared with what came after that.
 */
export function longestLoop(text: string): Loop | undefined {
  const last = new Int32Array(1 << tableBits).fill(-1);
  let best: Loop | undefined;
  let hash = 0;
  let hashed = -2;
  for (let index = 0; index + hashedUnits <= text.length; index++) {
    hash = index === hashed + 1 ? rolled(hash, text, index) : hashOf(text, index);
    hashed = index;
    const slot = Math.imul(hash, 0x9e3779b1) >>> (32 - tableBits);
    const earlier = last[slot]!;
    last[slot] = index;
    const period = index - earlier;
    if (earlier < 0 || period > longestUnit) continue;
    let end = index;
    while (end < text.length && text.charCodeAt(end) === text.charCodeAt(end - period)) end++;
    if (end - index < period) continue;
    const characters = end - earlier;
    const unit = text.slice(earlier, index);
    if (/\p{L}/u.test(unit) && characters > (best?.characters ?? 0)) {
      best = { unit, repeats: Math.floor(characters / period), characters };
    }
    index = Math.max(index, end - hashedUnits);
  }
  return best;
}

const base = 0x01000193;
/** `base` to the power of the length less one. */
const leading = Array.from({ length: hashedUnits - 1 }).reduce<number>(
  (power) => Math.imul(power, base),
  1,
);

/** Hash of the eight units from `index`. */
function hashOf(text: string, index: number): number {
  let hash = 0;
  for (let k = 0; k < hashedUnits; k++) {
    hash = (Math.imul(hash, base) + text.charCodeAt(index + k)) | 0;
  }
  return hash;
}

/** The same, from the hash of the place before. */
function rolled(hash: number, text: string, index: number): number {
  const kept = hash - Math.imul(text.charCodeAt(index - 1), leading);
  return (Math.imul(kept, base) + text.charCodeAt(index + hashedUnits - 1)) | 0;
}

/** How much of a text is sentences and lines that were there already. */
export interface Repetition {
  /** Times that the most frequent sentence comes. */
  most: number;
  sentence: string;
  /** Characters in sentences that were there before, of all in sentences; 0 to 1. */
  share: number;
}

/**
 * Counts equal sentences: parts between line breaks and 。！？.!?; shorter ones than
 * `minimumCharacters` do not count. Code blocks and tables are passed over.
 */
export function repeatedSentences(text: string, minimumCharacters: number): Repetition {
  const counts = new Map<string, number>();
  let [all, again, most, sentence] = [0, 0, 0, ""];
  for (const part of withoutCode(text).split(/\n|(?<=[。！？!?])|(?<=\.)\s/u)) {
    const key = part.trim().replace(/^(?:\d+[.、)）]|[-*•])\s*/u, "");
    all += key.length;
    if (key.length < minimumCharacters || key.startsWith("|") || !/\p{L}/u.test(key)) continue;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count > 1) again += key.length;
    if (count > most) [most, sentence] = [count, key];
  }
  return { most, sentence, share: all === 0 ? 0 : again / all };
}

/** Without fenced code, where the same line may come often. */
export function withoutCode(text: string): string {
  return proseOnly(text, { inlineIsProse: true });
}
