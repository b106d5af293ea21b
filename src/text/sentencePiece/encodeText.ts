/** From text to the ids of SentencePiece. */
import { pieceType, type SentencePieceModel } from "../../format/index.js";
import { createBytePairCutter } from "./bytePairs.js";
import { createNormalizer, type NormalizeOptions } from "./normalizer.js";
import { createPieceTrie } from "./pieceTrie.js";
import { createUnigramCutter } from "./unigram.js";

/** Gives the ids of a text one after the other, with the UTF-16 offset at which each begins in it. */
export type EncodeText = (
  text: string,
  emit: (id: number, start: number) => void,
  options?: NormalizeOptions,
) => void;

/** @param options.plain user-defined symbols are ordinary text */
export function createTextEncoder(
  model: SentencePieceModel,
  options: { plain?: boolean } = {},
): EncodeText {
  const { pieces, types, unknownId, byteIds } = model;
  const reserved = new Map<string, number>();
  const ordinary = new Map<string, number>();
  const symbols = new Map<string, number>();
  for (const [id, piece] of pieces.entries()) {
    const type = types[id];
    if (type === pieceType.userDefined) {
      if (options.plain) continue;
      symbols.set(piece, id);
    }
    const isOrdinary =
      type === pieceType.normal || type === pieceType.unused || type === pieceType.userDefined;
    const ids = isOrdinary ? ordinary : reserved;
    if (!ids.has(piece)) ids.set(piece, id);
  }
  const idOf = (text: string) => reserved.get(text) ?? ordinary.get(text) ?? unknownId;
  const normalize = createNormalizer(
    model,
    symbols.size > 0 ? createPieceTrie(symbols) : undefined,
  );
  const cut =
    model.algorithm === "bpe"
      ? createBytePairCutter(model, idOf, symbols)
      : createUnigramCutter(model, symbols);
  return (text, emit, normalizeOptions) => {
    // Lone surrogates have no bytes in UTF-8.
    const whole = text.replace(/\p{Surrogate}/gu, "\ufffd");
    const normalized = normalize(whole, normalizeOptions);
    let afterUnknown = false;
    cut(normalized.text, (id, start, end) => {
      const isUnknown = types[id] === pieceType.unknown;
      const origin = normalized.origin(start);
      if (isUnknown && byteIds) {
        for (const byte of Buffer.from(normalized.text.slice(start, end), "utf8")) {
          emit(byteIds[byte]!, origin);
        }
      } else if (!isUnknown || !afterUnknown) emit(id, origin);
      afterUnknown = isUnknown;
    });
  };
}
