/** The bytes that each token stands for in an answer. */
import { ConfigError } from "../util/errors.js";
import { byteAlphabet } from "./byteLevel/index.js";
import type { Tokenizer } from "./tokenizer.js";

const byteOf = new Map(byteAlphabet.map((character, byte) => [character, byte]));
const byteForm = /^<0x([0-9A-F]{2})>$/;

/**
 * What tokens add to a text, by id; undefined for special tokens and ids that are not used. Joined, the
 * bytes of an answer's tokens are its text, but for a space at its very front, which vocabularies of
 * SentencePiece drop there.
 * @throws ConfigError where a tokenizer's tokens do not stand for bytes one by one
 */
export function tokenBytes(tokenizer: Tokenizer): (Uint8Array | undefined)[] {
  const bytesOf = spelling(tokenizer);
  const { specialTokenIds, vocabSize, addedTokens } = tokenizer;
  const added = new Set(addedTokens);
  return Array.from({ length: vocabSize }, (_, id) => {
    const token = tokenizer.idToToken(id);
    if (token === undefined || specialTokenIds.has(id)) return undefined;
    return added.has(token) ? Buffer.from(token) : bytesOf(token);
  });
}

/** How tokens spell bytes, by what the tokenizer decodes with. */
function spelling(tokenizer: Tokenizer): (token: string) => Uint8Array {
  const { own, tokenizerJson } = tokenizer.files();
  const decoder = JSON.stringify(tokenizerJson.decoder ?? null);
  if (!own && decoder.includes('"ByteLevel"')) return fromAlphabet;
  if (own || decoder.includes('"ByteFallback"') || decoder.includes('"Metaspace"'))
    return fromPiece;
  throw new ConfigError(`the tokenizer ${tokenizer.name} cannot be held to a format`, {
    why: "its tokens do not stand for bytes one by one, so that what may follow cannot be told from them",
    todo: "ask without response_format, or use a model with a byte-level or SentencePiece tokenizer",
  });
}

function fromAlphabet(token: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = byteOf.get(character);
    if (byte === undefined) return Buffer.from(token);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

function fromPiece(token: string): Uint8Array {
  const byte = byteForm.exec(token)?.[1];
  if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
  return Buffer.from(token.replaceAll("▁", " "));
}
