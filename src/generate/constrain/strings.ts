/** Strings of JSON, byte by byte. */
import { byteTree } from "./byteTree.js";
import type { Terminal } from "./terminals.js";

/** Places in a string. In all others but these the next bytes are fixed to few. */
const place = {
  open: 0,
  body: 1,
  escape: 2,
  /** Hexadecimal digits of `\u`: the first, and the others of what is no surrogate. */
  hex: [3, 4, 5, 6],
  /** Second digit behind `d`. */
  surrogate: 7,
  high: [8, 9],
  /** What stands before the second half of a pair: `\`, `u`, `d`, its second digit, and two more. */
  low: [10, 11, 12, 13, 14, 15],
  /** Bytes of a character that are left: one, two, three. */
  rest: [16, 17, 18],
  /** Second bytes of characters that have but some: behind e0, ed, f0 and f4. */
  second: [19, 20, 21, 22],
  end: 23,
} as const;
const places = 24;

const [quote, backslash] = [0x22, 0x5c];
/** `"\/bfnrt` */
const short = new Set([...'"\\/bfnrt'].map((character) => character.charCodeAt(0)));

/** @returns the next place; `body` with `began` where a character begins */
function step(at: number, byte: number): number {
  switch (at) {
    case place.open:
      return byte === quote ? place.body : -1;
    case place.body:
      return stepBody(byte);
    case place.escape:
      if (short.has(byte)) return place.body;
      return byte === 0x75 ? place.hex[0] : -1;
    case place.hex[0]:
      if (isHex(byte) && (byte | 0x20) === 0x64) return place.surrogate;
      return isHex(byte) ? place.hex[1] : -1;
    case place.hex[1]:
      return isHex(byte) ? place.hex[2] : -1;
    case place.hex[2]:
      return isHex(byte) ? place.hex[3] : -1;
    case place.hex[3]:
      return isHex(byte) ? place.body : -1;
    case place.surrogate:
      if (byte >= 0x30 && byte <= 0x37) return place.hex[2];
      return byte === 0x38 || byte === 0x39 || isLetter(byte, 0x61, 0x62) ? place.high[0] : -1;
    case place.high[0]:
      return isHex(byte) ? place.high[1] : -1;
    case place.high[1]:
      return isHex(byte) ? place.low[0] : -1;
    case place.low[0]:
      return byte === backslash ? place.low[1] : -1;
    case place.low[1]:
      return byte === 0x75 ? place.low[2] : -1;
    case place.low[2]:
      return isLetter(byte, 0x64, 0x64) ? place.low[3] : -1;
    case place.low[3]:
      return isLetter(byte, 0x63, 0x66) ? place.low[4] : -1;
    case place.low[4]:
      return isHex(byte) ? place.low[5] : -1;
    case place.low[5]:
      return isHex(byte) ? place.body : -1;
    default:
      return stepCharacter(at, byte);
  }
}

/** UTF-8 without what it forbids: overlong forms, surrogates, what lies beyond U+10FFFF (RFC 3629). */
function stepBody(byte: number): number {
  if (byte === quote) return place.end;
  if (byte === backslash) return place.escape;
  if (byte < 0x80) return byte < 0x20 ? -1 : place.body;
  if (byte < 0xc2 || byte > 0xf4) return -1;
  if (byte < 0xe0) return place.rest[0];
  if (byte === 0xe0) return place.second[0];
  if (byte === 0xed) return place.second[1];
  if (byte < 0xf0) return place.rest[1];
  if (byte === 0xf0) return place.second[2];
  return byte === 0xf4 ? place.second[3] : place.rest[2];
}

function stepCharacter(at: number, byte: number): number {
  if (byte < 0x80 || byte > 0xbf) return -1;
  switch (at) {
    case place.rest[0]:
      return place.body;
    case place.rest[1]:
      return place.rest[0];
    case place.rest[2]:
      return place.rest[1];
    case place.second[0]:
      return byte >= 0xa0 ? place.rest[0] : -1;
    case place.second[1]:
      return byte < 0xa0 ? place.rest[0] : -1;
    case place.second[2]:
      return byte >= 0x90 ? place.rest[1] : -1;
    case place.second[3]:
      return byte < 0x90 ? place.rest[1] : -1;
    default:
      return -1;
  }
}

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || isLetter(byte, 0x61, 0x66);
}

/** Whether a byte is a letter of this range, small or large. */
function isLetter(byte: number, from: number, to: number): boolean {
  const small = byte | 0x20;
  return byte >= 0x41 && small >= from && small <= to;
}

/**
 * A string with its quotes. Escaped halves of surrogate pairs are only written as pairs.
 * @param least characters (code points), as JSON Schema counts them
 * @param most characters; Infinity for any number
 */
export function stringToken(least = 0, most = Number.POSITIVE_INFINITY): Terminal {
  // A state is a place and the characters begun so far, which are counted no further than they matter.
  const counted = Number.isFinite(most) ? most : least;
  return {
    start: place.open,
    step(state, byte) {
      const at = state % places;
      const next = step(at, byte);
      if (next === -1) return -1;
      const count = (state - at) / places;
      if (at !== place.body) return count * places + next;
      if (next === place.end) return count < least ? -1 : next;
      if (count === most) return -1;
      return Math.min(count + 1, counted) * places + next;
    },
    accepts: (state) => state === place.end,
    ends: (state) => state === place.end,
    key(state, longest) {
      const at = state % places;
      if (at === place.end) return `string:${at}`;
      const count = (state - at) / places;
      const lacking = Math.min(Math.max(least - count, 0), longest);
      const left = Math.min(most - count, longest);
      return `string:${at}:${lacking}:${left}`;
    },
  };
}

/** A string's bytes with quotes, and with none of the escapes that JSON does not ask for. */
export function quoted(text: string): Uint8Array {
  return Buffer.from(JSON.stringify(text));
}

/**
 * A key, of any length, that is none of these. It is written without escapes where there are some, so that no spelling
 * of one of them slips through.
 */
export function keyBeside(names: readonly string[]): Terminal {
  const plain = stringToken();
  if (names.length === 0) return plain;
  const nodes = byteTree(names.map(quoted));
  // A state is a place in the string and a node of the names, 0 where none of them begins so any more.
  return {
    start: place.open,
    step(state, byte) {
      const at = state % places;
      if (at === place.body && byte === backslash) return -1;
      const next = step(at, byte);
      if (next === -1) return -1;
      const node = (state - at) / places;
      const isAlive = at === place.open || node > 0;
      const named = isAlive ? (nodes[node]!.next.get(byte) ?? 0) : 0;
      if (next === place.end) return nodes[named]!.whole ? -1 : next;
      return named * places + next;
    },
    accepts: (state) => state === place.end,
    ends: (state) => state === place.end,
    key: () => null,
  };
}
