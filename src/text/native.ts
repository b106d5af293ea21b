/** The native tokenizers library: the only file here that calls it. */
import { type Decoder, type Encoding, Tokenizer as NativeTokenizer } from "tokenizers";
import { FormatError } from "../util/errors.js";
import { isRecord } from "../util/isRecord.js";
import { tokensOf } from "./addedTokens.js";
import type { BorderedIds, BorderedText } from "./borderedText.js";
import { stableTokens } from "./stableText.js";
import type { TokenizerFiles } from "./tokenizerFiles.js";

export interface NativeEncoder {
  encode(texts: string[], addSpecialTokens: boolean): Promise<Int32Array[]>;
  encodeBordered(texts: readonly BorderedText[]): Promise<BorderedIds[]>;
}

/**
 * Builds the native tokenizer. Truncation and padding that a tokenizer.json may carry are dropped,
 * as transformers does, and offsets keep leading spaces, so that a border before " word" is exact.
 * @param plain whether the text of added tokens is ordinary text
 * @throws FormatError when the library refuses the tokenizer
 */
export function createNativeEncoder(files: TokenizerFiles, plain: boolean): NativeEncoder {
  const json = structuredClone({ ...files.tokenizerJson, model: null });
  json.truncation = null;
  json.padding = null;
  keepSpacesInOffsets(json.post_processor);
  json.added_tokens = plain ? [] : [...tokensOf(files).added];
  const native = build(files.path, { ...json, model: files.tokenizerJson.model });
  return {
    async encode(texts, addSpecialTokens) {
      const encodings = await encodeTexts(native, texts, addSpecialTokens);
      return encodings.map((encoding) => Int32Array.from(encoding.getIds()));
    },
    async encodeBordered(texts) {
      const encodings = await encodeTexts(
        native,
        texts.map((entry) => entry.text),
        false,
      );
      return texts.map(({ text, borders, partial }, index) => {
        const encoding = encodings[index]!;
        const ids = Int32Array.from(encoding.getIds());
        const tokenIndexes = borderTokens(encoding, text, borders);
        if (!partial) return { ids, tokenIndexes };
        const length = stableTokens(encoding, countCharacters(text, 0, text.length));
        return {
          ids: ids.subarray(0, length),
          tokenIndexes: tokenIndexes.map((token) => Math.min(token, length)),
        };
      });
    },
  };
}

/**
 * What makes text of tokens; null where a tokenizer has nothing of the kind.
 * @throws FormatError when the library refuses it
 */
export function createNativeDecoder({ path, tokenizerJson }: TokenizerFiles): Decoder | null {
  const model = { type: "BPE", vocab: {}, merges: [] };
  const bare = { version: "1.0", added_tokens: [], decoder: tokenizerJson.decoder ?? null, model };
  return build(path, bare).getDecoder();
}

function build(path: string, json: object): NativeTokenizer {
  try {
    return NativeTokenizer.fromString(JSON.stringify(json));
  } catch (cause) {
    throw new FormatError(`${path}: the tokenizer cannot be built`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "copy tokenizer.json from the model's repository again",
      cause,
    });
  }
}

async function encodeTexts(
  native: NativeTokenizer,
  texts: string[],
  addSpecialTokens: boolean,
): Promise<Encoding[]> {
  if (texts.length === 0) return [];
  if (texts.length === 1) return [await native.encode(texts[0]!, null, { addSpecialTokens })];
  return native.encodeBatch(texts, { addSpecialTokens });
}

/** Byte-level post-processors cut the leading space off a token's offsets unless told not to. */
function keepSpacesInOffsets(processor: unknown): void {
  if (!isRecord(processor)) return;
  if ("trim_offsets" in processor) processor.trim_offsets = false;
  if (Array.isArray(processor.processors)) processor.processors.forEach(keepSpacesInOffsets);
}

/**
 * The first token at or after each border. The library counts offsets in Unicode characters and
 * gives every token of a split character that character's offsets. Asking it about single places
 * is cheap where fetching all offsets would double the cost of encoding.
 */
function borderTokens(encoding: Encoding, text: string, borders: readonly number[]): number[] {
  const length = encoding.getLength();
  let starts: number[] | undefined;
  let at = 0;
  let characters = 0;
  return borders.map((border) => {
    characters += countCharacters(text, at, border);
    at = border;
    if (border >= text.length) return length;
    const token = encoding.charToToken(characters);
    const offsets = token === null ? null : encoding.tokenToChars(token);
    if (token !== null && offsets) return offsets[0] >= characters ? token : token + 1;
    // A character that the normaliser dropped belongs to no token.
    starts ??= encoding.getOffsets().map((pair) => pair[0]!);
    const next = starts.findIndex((start) => start >= characters);
    return next === -1 ? length : next;
  });
}

/** Unicode characters in `text[from, to)`; a lone surrogate counts as one, as it does in UTF-8. */
export function countCharacters(text: string, from: number, to: number): number {
  let count = to - from;
  for (let index = from; index < to - 1; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(index + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      count--;
      index++;
    }
  }
  return count;
}
