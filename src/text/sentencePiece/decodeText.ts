/** From pieces of SentencePiece to text. */
import type { SentencePieceModel } from "../../format/index.js";

const byteForm = /^<0x([0-9A-F]{2})>$/;

/**
 * Joins the texts of tokens: ▁ is a space, `<0xE4>` a byte. A byte that is part of no character
 * becomes U+FFFD. The space that encoding puts before a text is taken away from its front.
 */
export function createTextDecoder({
  addDummyPrefix,
  removeExtraSpaces,
  spaceAsSuffix,
}: SentencePieceModel): (tokens: readonly string[]) => string {
  const dropsSpace = (addDummyPrefix && !spaceAsSuffix) || removeExtraSpaces;
  return (tokens) => {
    let text = "";
    let bytes: number[] = [];
    let atFront = dropsSpace;
    const flush = () => {
      if (bytes.length > 0) text += decodeBytes(Uint8Array.from(bytes));
      bytes = [];
    };
    for (const token of tokens) {
      const byte = byteForm.exec(token)?.[1];
      if (byte !== undefined) {
        bytes.push(Number.parseInt(byte, 16));
        atFront = false;
        continue;
      }
      flush();
      const isPrefixed = atFront && token.startsWith("▁");
      text += (isPrefixed ? token.slice(1) : token).replaceAll("▁", " ");
      atFront &&= text === "" && (removeExtraSpaces || !isPrefixed);
    }
    flush();
    return text;
  };
}

/** UTF-8 with U+FFFD for each byte that is part of no character. */
function decodeBytes(bytes: Uint8Array): string {
  let text = "";
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!;
    const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    let character = "\ufffd";
    if (at + size <= bytes.length) {
      try {
        character = decoder.decode(bytes.subarray(at, at + size));
        at += size - 1;
      } catch {
        // The next byte may begin a character.
      }
    }
    text += character;
    at++;
  }
  return text;
}
