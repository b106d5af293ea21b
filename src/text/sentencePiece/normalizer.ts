/** SentencePiece's normaliser: character rules, spaces, and the dummy prefix. */
import type { SentencePieceModel } from "../../format/index.js";
import { readCharacterMap } from "./characterMap.js";
import { longestMatch, type PieceTrie } from "./pieceTrie.js";

export interface Normalized {
  text: string;
  /** Where in the text given the character at a place of this one comes from (UTF-16 offsets). */
  origin(at: number): number;
}

export interface NormalizeOptions {
  /** A piece out of the middle of a text: nothing is put before it, and spaces at its front stay. */
  inside?: boolean;
}

export type Normalize = (text: string, options?: NormalizeOptions) => Normalized;

const spaceMark = "▁";

/** @param symbols user-defined ones, which no rule changes; undefined where there are none */
export function createNormalizer(
  model: SentencePieceModel,
  symbols: PieceTrie | undefined,
): Normalize {
  const { addDummyPrefix, removeExtraSpaces, spaceAsSuffix } = model;
  const space = model.escapeSpaces ? spaceMark : " ";
  if (model.characterMap.length === 0 && !removeExtraSpaces) {
    return (text, { inside = false } = {}) => {
      const added = addDummyPrefix && !inside && text !== "";
      const prefix = added && !spaceAsSuffix ? space : "";
      const suffix = added && spaceAsSuffix ? space : "";
      return {
        text: `${prefix}${space === " " ? text : text.replaceAll(" ", space)}${suffix}`,
        origin: (at) => Math.min(text.length, Math.max(0, at - prefix.length)),
      };
    };
  }
  const nextOf = characterReader(model, symbols);
  return (text, { inside = false } = {}) => {
    const read = nextOf(text);
    const row = originRow(text.length);
    let replaced = read();
    if (removeExtraSpaces && !inside) while (replaced?.text === " ") replaced = read();
    if (replaced === undefined) return row.finish();
    const affix = addDummyPrefix && !inside;
    if (affix && !spaceAsSuffix) row.add(space, replaced.at);
    let afterSpace = removeExtraSpaces && !inside;
    for (; replaced !== undefined; replaced = read()) {
      let { text: part } = replaced;
      if (afterSpace) while (part.startsWith(" ")) part = part.slice(1);
      if (part !== "") {
        row.add(part.replaceAll(" ", space), replaced.at);
        afterSpace = removeExtraSpaces && part.endsWith(" ");
      }
    }
    if (removeExtraSpaces) row.trimEnd(space);
    if (affix && spaceAsSuffix) row.add(space, text.length);
    return row.finish();
  };
}

interface Replaced {
  text: string;
  /** UTF-16 offset of what it replaces. */
  at: number;
}

/** Goes through a text: user-defined symbols, the longest rule at a place, or else one character. */
function characterReader({ characterMap }: SentencePieceModel, symbols: PieceTrie | undefined) {
  const rules = characterMap.length === 0 ? undefined : readCharacterMap(characterMap);
  return (text: string): (() => Replaced | undefined) => {
    const bytes = rules ? Buffer.from(text, "utf8") : undefined;
    let at = 0;
    let byte = 0;
    /** Goes on by some bytes; characters are only counted, since a rule replaces whole ones. */
    const skipBytes = (length: number) => {
      const end = byte + length;
      while (byte < end) {
        const size = characterSize(bytes![byte]!);
        byte += size;
        at += size === 4 ? 2 : 1;
      }
    };
    return () => {
      if (at >= text.length) return undefined;
      const start = at;
      const symbol = symbols ? longestMatch(symbols, text, at) : 0;
      if (symbol > 0) {
        const found = text.slice(start, start + symbol);
        at += symbol;
        if (bytes) byte += Buffer.byteLength(found);
        return { text: found, at: start };
      }
      const rule = bytes && rules!(bytes, byte);
      if (rule) {
        skipBytes(rule.length);
        return { text: rule.text, at: start };
      }
      at += text.codePointAt(at)! > 0xffff ? 2 : 1;
      if (bytes) byte += characterSize(bytes[byte]!);
      return { text: text.slice(start, at), at: start };
    };
  };
}

/** Bytes of the UTF-8 character that begins with a byte. */
function characterSize(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/** A text while it is put together, with the place that each of its units comes from. */
function originRow(length: number) {
  const parts: string[] = [];
  let origins = new Int32Array(length + 16);
  let count = 0;
  return {
    add(text: string, origin: number) {
      parts.push(text);
      if (count + text.length > origins.length) {
        const larger = new Int32Array(2 * (count + text.length));
        larger.set(origins);
        origins = larger;
      }
      origins.fill(origin, count, count + text.length);
      count += text.length;
    },
    trimEnd(space: string) {
      const text = parts.join("");
      let end = text.length;
      while (end > 0 && text[end - 1] === space) end--;
      parts.splice(0, parts.length, text.slice(0, end));
      count = end;
    },
    finish(): Normalized {
      return {
        text: parts.join(""),
        origin: (at) => (at < count ? origins[at]! : length),
      };
    },
  };
}
