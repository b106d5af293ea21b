/**
 * SentencePiece's model file: a protocol buffer with the pieces, how text is normalised before it
 * is cut, and how it is cut (`sentencepiece_model.proto`).
 */
import { FormatError } from "../util/errors.js";
import { type Field, readFields } from "../util/protobuf.js";

/** What a piece is. */
export const pieceType = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

export interface SentencePieceModel {
  algorithm: "bpe" | "unigram";
  /** By id. */
  pieces: string[];
  scores: Float32Array;
  /** By id, values of `pieceType`. */
  types: Uint8Array;
  unknownId: number;
  /** Ids of the 256 bytes where a character that is no piece becomes its bytes. */
  byteIds: Int32Array | undefined;
  /**
   * Compiled rules of the normaliser; empty where it has none: the length of the trie in bytes
   * (32 bits), the trie, then the texts, each with a zero behind it.
   */
  characterMap: Uint8Array;
  /** A space is put before a text (behind it with `spaceAsSuffix`). */
  addDummyPrefix: boolean;
  /** Spaces at both ends are dropped, and runs of them become one. */
  removeExtraSpaces: boolean;
  /** Spaces are written as ▁ in pieces. */
  escapeSpaces: boolean;
  spaceAsSuffix: boolean;
}

/**
 * Reads the bytes of a `tokenizer.model`.
 * @param path named in errors
 * @throws FormatError when they are no model, or one of a kind that is not supported
 */
export function readSentencePieceModel(bytes: Uint8Array, path: string): SentencePieceModel {
  try {
    return readModel(bytes, path);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new FormatError(`${path}: not a SentencePiece model`, {
      why: cause.message,
      todo: "copy the file from the model's repository again",
      cause,
    });
  }
}

function readModel(bytes: Uint8Array, path: string): SentencePieceModel {
  const fields = readFields(bytes);
  const pieces = readPieces(fields);
  const trainer = settingsOf(fields, 2);
  const normalizer = settingsOf(fields, 3);
  const denormalizer = settingsOf(fields, 5);
  const refuse = (what: string, why: string) =>
    new FormatError(`${path}: ${what}`, {
      why,
      todo: "use the model's tokenizer.json, or a GGUF file of the model",
    });
  const algorithm = ([undefined, "unigram", "bpe"] as const)[trainer.integer(3, 1)];
  if (algorithm === undefined) {
    throw refuse("a SentencePiece model of words or characters", "only BPE and unigram are known");
  }
  if (denormalizer.bytes(2).length > 0) {
    throw refuse("has rules that change decoded text", "denormalizer_spec is not supported");
  }
  const unknownId = pieces.types.indexOf(pieceType.unknown);
  if (unknownId < 0) throw new RangeError("it has no piece for what is unknown");
  const characterMap = normalizer.bytes(2);
  checkCharacterMap(characterMap);
  return {
    algorithm,
    ...pieces,
    unknownId,
    byteIds: trainer.integer(35, 0) === 1 ? byteIdsOf(pieces) : undefined,
    characterMap,
    addDummyPrefix: normalizer.integer(3, 1) === 1,
    removeExtraSpaces: normalizer.integer(4, 1) === 1,
    escapeSpaces: normalizer.integer(5, 1) === 1,
    spaceAsSuffix: trainer.integer(24, 0) === 1,
  };
}

/** Its first four bytes are the length of a trie of 32-bit units; texts follow that end with a zero. */
function checkCharacterMap(map: Uint8Array): void {
  if (map.length === 0) return;
  const size = map.length < 4 ? 0 : Buffer.from(map).readUInt32LE(0);
  if (size < 4 || size % 4 !== 0 || 4 + size >= map.length || map.at(-1) !== 0) {
    throw new RangeError("the rules of its normaliser are damaged");
  }
}

type Pieces = Pick<SentencePieceModel, "pieces" | "scores" | "types">;

function readPieces(fields: readonly Field[]): Pieces {
  const messages = fields.filter(({ number }) => number === 1);
  if (messages.length === 0) throw new RangeError("it has no pieces");
  const scores = new Float32Array(messages.length);
  const types = new Uint8Array(messages.length).fill(pieceType.normal);
  const pieces = messages.map(({ bytes }, id) => {
    let text = "";
    for (const field of readFields(bytes)) {
      if (field.number === 1) text = Buffer.from(field.bytes).toString("utf8");
      else if (field.number === 2 && field.bytes.length === 4) {
        scores[id] = Buffer.from(field.bytes).readFloatLE();
      } else if (field.number === 3) types[id] = field.integer;
    }
    if (text === "") throw new RangeError(`piece ${id} is empty`);
    if (types[id] === 0 || types[id]! > pieceType.byte) {
      throw new RangeError(`piece ${id} is of an unknown type`);
    }
    return text;
  });
  return { pieces, scores, types };
}

function byteIdsOf({ pieces, types }: Pieces): Int32Array {
  const ids = new Int32Array(256).fill(-1);
  for (const [id, piece] of pieces.entries()) {
    if (types[id] === pieceType.byte) ids[Number.parseInt(piece.slice(3, 5), 16)] = id;
  }
  const missing = ids.indexOf(-1);
  if (missing >= 0) throw new RangeError(`it has no piece for the byte ${missing}`);
  return ids;
}

/** The settings of a message inside a message. */
function settingsOf(fields: readonly Field[], number: number) {
  const message = fields.findLast((field) => field.number === number);
  const settings = message === undefined ? [] : readFields(message.bytes);
  const find = (key: number) => settings.findLast((field) => field.number === key);
  return {
    integer: (key: number, otherwise: number) => find(key)?.integer ?? otherwise,
    bytes: (key: number) => find(key)?.bytes ?? new Uint8Array(0),
  };
}
