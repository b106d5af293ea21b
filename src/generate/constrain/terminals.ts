/**
 * The smallest parts of a grammar: sets of byte strings, each with its automaton. A state is a number;
 * -1 is none.
 */
import { byteTree } from "./byteTree.js";

export interface Terminal {
  readonly start: number;
  /** The state after one more byte, or -1. */
  step(state: number, byte: number): number;
  /** Whether the bytes so far are one of the strings. */
  accepts(state: number): boolean;
  /** Whether nothing can follow. */
  ends(state: number): boolean;
  /**
   * Equal for states in which the same texts of at most `longest` bytes can follow; of different terminals
   * too. Null for terminals that few grammars share.
   */
  key(state: number, longest: number): string | null;
}

/** One of these byte strings. @param texts none of them empty */
export function oneOf(texts: readonly Uint8Array[]): Terminal {
  const nodes = byteTree(texts);
  return {
    start: 0,
    step: (state, byte) => nodes[state]!.next.get(byte) ?? -1,
    accepts: (state) => nodes[state]!.whole,
    ends: (state) => nodes[state]!.next.size === 0,
    key: () => null,
  };
}

const literals = new Map<string, Terminal>();

/** This text, as UTF-8. */
export function literal(text: string): Terminal {
  let known = literals.get(text);
  if (!known) {
    known = oneOf([Buffer.from(text)]);
    // Punctuation comes again; names of a schema's properties are its own.
    if (text.length === 1) literals.set(text, known);
  }
  return known;
}

/**
 * White space, perhaps none. Bounded, because small models that may write it tend to write nothing else.
 * @param most bytes
 */
export function whiteSpace(most: number): Terminal {
  return {
    start: 0,
    step: (state, byte) => (state < most && isSpace(byte) ? state + 1 : -1),
    accepts: () => true,
    ends: (state) => state === most,
    key: (state, longest) => `space:${Math.min(most - state, longest)}`,
  };
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
const [minus, plus, zero, point] = [0x2d, 0x2b, 0x30, 0x2e];
const isExponent = (byte: number) => byte === 0x65 || byte === 0x45;

/** Digits of a number's whole part and of its fraction at most, so that a number ends. */
const mostDigits = 20;
/** Parts of a number: state = part * 32 + digits of it. */
const part = {
  start: 0,
  minus: 1,
  zero: 2,
  whole: 3,
  point: 4,
  fraction: 5,
  e: 6,
  sign: 7,
  power: 8,
};

/**
 * A number of JSON (RFC 8259, section 6), of at most 20 digits on either side of the point and an
 * exponent of two digits, so that it is finite.
 * @param isWhole without fraction and exponent
 */
function numberTerminal(isWhole: boolean): Terminal {
  const step = (state: number, byte: number): number => {
    const at = state >> 5;
    const digits = state & 31;
    const to = (next: number, count = 0) => next * 32 + count;
    if (at === part.start || at === part.minus) {
      if (byte === minus) return at === part.start ? to(part.minus) : -1;
      if (byte === zero) return to(part.zero);
      return isDigit(byte) ? to(part.whole, 1) : -1;
    }
    if (at === part.point) return isDigit(byte) ? to(part.fraction, 1) : -1;
    if (at === part.e) {
      if (byte === plus || byte === minus) return to(part.sign);
      return isDigit(byte) ? to(part.power, 1) : -1;
    }
    if (at === part.sign) return isDigit(byte) ? to(part.power, 1) : -1;
    if (isDigit(byte)) {
      if (at === part.zero) return -1;
      return digits < (at === part.power ? 2 : mostDigits) ? to(at, digits + 1) : -1;
    }
    if (isWhole || at === part.power) return -1;
    if (byte === point) return at === part.fraction ? -1 : to(part.point);
    return isExponent(byte) ? to(part.e) : -1;
  };
  const whole = new Set([part.zero, part.whole, part.fraction, part.power]);
  return {
    start: part.start * 32,
    step,
    accepts: (state) => whole.has(state >> 5),
    ends: (state) =>
      state === part.power * 32 + 2 ||
      (isWhole && (state === part.zero * 32 || state === part.whole * 32 + mostDigits)),
    key: (state) => `${isWhole ? "integer" : "number"}:${state}`,
  };
}

export const numberToken = numberTerminal(false);
export const integerToken = numberTerminal(true);
