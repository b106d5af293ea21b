/** Encodes texts here where the tokenizer is of a kind that is known, else by the native library. */
import { tokensOf } from "./addedTokens.js";
import type { BorderedText, Encoder } from "./borderedText.js";
import { createByteLevelEncoder } from "./byteLevel/index.js";
import { createNativeEncoder, type NativeEncoder } from "./native.js";
import { cutsIntoWords } from "./stableText.js";
import { parseAgain, type TokenizerFiles } from "./tokenizerFiles.js";

/**
 * @param plain whether the text of added tokens is ordinary text
 * @throws FormatError when the native library refuses the tokenizer
 */
export function createEncoder(files: TokenizerFiles, plain: boolean): Encoder {
  const { tokenizerJson, ...kept } = files;
  if (files.own) return files.own.createEncoder(tokensOf(files), plain);
  const known = createByteLevelEncoder(tokenizerJson, plain ? [] : tokensOf(files).added);
  const cuts = cutsIntoWords(tokenizerJson.pre_tokenizer);
  let native = known ? undefined : createNativeEncoder(files, plain);
  const whole = (): NativeEncoder => {
    native ??= createNativeEncoder(parseAgain(kept), plain);
    return native;
  };
  const encodeBordered = async (texts: readonly BorderedText[]) => {
    if (!known) return whole().encodeBordered(texts);
    const encoded = texts.map((text) => known(text));
    const left = texts.filter((_, index) => encoded[index] === undefined);
    const rest = left.length > 0 ? (await whole().encodeBordered(left)).values() : undefined;
    return encoded.map((result) => result ?? rest!.next().value!);
  };
  return {
    cutsIntoWords: cuts,
    encodeBordered,
    async encode(texts, addSpecialTokens) {
      if (addSpecialTokens || !known) return whole().encode(texts, addSpecialTokens);
      const encoded = await encodeBordered(texts.map((text) => ({ text, borders: [] })));
      return encoded.map(({ ids }) => ids);
    },
  };
}
