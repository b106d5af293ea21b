/**
 * The rules of a SentencePiece normaliser (`precompiled_charsmap`): texts by the bytes they replace,
 * in a double-array trie as the library Darts-clone lays it out.
 */

export interface Replacement {
  /** Bytes that it replaces. */
  length: number;
  text: string;
}

/** Finds the rule for the longest run of bytes at a place. */
export type CharacterMap = (bytes: Uint8Array, at: number) => Replacement | undefined;

/** SentencePiece looks no further than at this many rules that begin at one place. */
const mostRules = 32;

/** @param compiled `characterMap` of a model */
export function readCharacterMap(compiled: Uint8Array): CharacterMap {
  const view = new DataView(compiled.buffer, compiled.byteOffset, compiled.byteLength);
  const size = view.getUint32(0, true);
  const units = Uint32Array.from({ length: size / 4 }, (_, index) =>
    view.getUint32(4 + 4 * index, true),
  );
  const texts = compiled.subarray(4 + size);
  const known = new Map<number, string>();
  const textAt = (offset: number) => {
    let text = known.get(offset);
    if (text === undefined) {
      const end = texts.indexOf(0, offset);
      text = Buffer.from(texts.subarray(offset, end)).toString("utf8");
      known.set(offset, text);
    }
    return text;
  };
  const offsetOf = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);
  return (bytes, at) => {
    let node = offsetOf(units[0]!);
    let length = 0;
    let value = 0;
    let rules = 0;
    for (let place = at; place < bytes.length && rules < mostRules; place++) {
      node ^= bytes[place]!;
      const unit = units[node] ?? 0;
      if ((unit & 0x800000ff) >>> 0 !== bytes[place]!) break;
      node ^= offsetOf(unit);
      if ((unit & 0x100) === 0) continue;
      length = place + 1 - at;
      value = (units[node] ?? 0) & 0x7fffffff;
      rules++;
    }
    return length === 0 ? undefined : { length, text: textAt(value) };
  };
}
