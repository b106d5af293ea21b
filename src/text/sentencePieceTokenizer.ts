/** Tokenizers of transformers' classes that are written in Python around a SentencePiece model. */
import { pieceType, readSentencePieceModel, type SentencePieceModel } from "../format/index.js";
import { FormatError } from "../util/errors.js";
import type { BorderedIds, BorderedText, Encoder } from "./borderedText.js";
import { createTextDecoder, createTextEncoder } from "./sentencePiece/index.js";
import { addedTokenSplitter } from "./splitAddedTokens.js";
import type { TokenizerClass } from "./tokenizerClasses.js";
import type { DirectoryFiles, TokenizerFiles, TokenizerTokens } from "./tokenizerFiles.js";

/** How a class uses its SentencePiece model. */
interface Rules {
  model: SentencePieceModel;
  /** `legacy: false`: text is put behind a space as a whole, not each part between added tokens. */
  wholeText: boolean;
  /** With `wholeText`: whether there is such a space. */
  spacePrefix: boolean;
  /** Texts of the tokens that stand before and behind a text. */
  before: readonly string[];
  after: readonly string[];
}

/**
 * @param file of the model, for errors
 * @param bytes of the model
 * @throws FormatError when the model is damaged, or of a kind that this class does not have
 */
export function sentencePieceTokenizer(
  files: DirectoryFiles,
  file: string,
  bytes: Uint8Array,
  known: TokenizerClass,
): TokenizerFiles {
  const model = readSentencePieceModel(bytes, file);
  const { tokenizerConfig: config } = files;
  const wholeText = known.hasLegacyKey === true && config.legacy === false;
  const spacePrefix = wholeText && config.add_prefix_space !== false;
  if (model.spaceAsSuffix || (wholeText && model.removeExtraSpaces)) {
    throw new FormatError(`${file}: its rules for spaces are not those of ${known.name}`, {
      why: "treat_whitespace_as_suffix, or remove_extra_whitespaces with legacy: false, is set",
      todo: "copy tokenizer.json from the model's repository",
    });
  }
  const pieces = [...model.pieces, ...(known.further ?? [])];
  const rules: Rules = {
    model: wholeText ? { ...model, addDummyPrefix: false } : model,
    wholeText,
    spacePrefix,
    ...textEnds(files, known),
  };
  const rebuild = () => ({
    added_tokens: [],
    model: { type: "SentencePiece", vocab: pieces.map((piece) => [piece, 0]) },
  });
  return {
    ...files,
    keepsNumbers: true,
    rebuild,
    tokenizerJson: rebuild(),
    own: {
      symbols: pieces.filter((_, id) => model.types[id] === pieceType.userDefined),
      createEncoder: (tokens, plain) => createEncoder(rules, file, pieces, tokens, plain),
      decode: createTextDecoder(wholeText ? { ...model, addDummyPrefix: spacePrefix } : model),
    },
  };
}

/** Tokens that stand around a text with special tokens. */
function textEnds(
  { tokenizerConfig: config, specialTokensMap: map }: DirectoryFiles,
  { addsBos, prefix }: TokenizerClass,
): Pick<Rules, "before" | "after"> {
  const text = (key: string): string[] => {
    const value = map[key] ?? config[key];
    const content = Object(value).content ?? value;
    return typeof content === "string" ? [content] : [];
  };
  const isSet = (key: string, otherwise: boolean) =>
    typeof config[key] === "boolean" ? config[key] : otherwise;
  return {
    before: prefix ?? (isSet("add_bos_token", addsBos) ? text("bos_token") : []),
    after: isSet("add_eos_token", false) ? text("eos_token") : [],
  };
}

function createEncoder(
  rules: Rules,
  file: string,
  pieces: readonly string[],
  tokens: TokenizerTokens,
  plain: boolean,
): Encoder {
  const encodeOne = textEncoder(rules, tokens, plain);
  const idOf = (text: string) => {
    const id = tokens.added.find(({ content }) => content === text)?.id ?? pieces.indexOf(text);
    if (id >= 0) return id;
    throw new FormatError(`${file}: has no piece ${text}`, {
      why: "it stands at an end of every text",
      todo: "copy the tokenizer's files from the model's repository again",
    });
  };
  return {
    cutsIntoWords: false,
    encodeBordered: async (texts) => texts.map(encodeOne),
    async encode(texts, addSpecialTokens) {
      const before = addSpecialTokens ? rules.before.map(idOf) : [];
      const after = addSpecialTokens ? rules.after.map(idOf) : [];
      return texts.map((text) => {
        const { ids } = encodeOne({ text, borders: [] });
        return addSpecialTokens ? Int32Array.of(...before, ...ids, ...after) : ids;
      });
    },
  };
}

function textEncoder(
  { model, wholeText, spacePrefix }: Rules,
  { added, special }: TokenizerTokens,
  plain: boolean,
): (text: BorderedText) => BorderedIds {
  const encode = createTextEncoder(model, { plain });
  const split = addedTokenSplitter(plain ? [] : added);
  const space = model.pieces.indexOf("▁");
  return ({ text, borders }) => {
    const ids: number[] = [];
    const starts: number[] = [];
    const shift = spacePrefix && text !== "" ? 1 : 0;
    const whole = wholeText ? `${shift ? "▁" : ""}${text.replaceAll("▁", " ")}` : text;
    for (const part of split(whole)) {
      const at = part.start - shift;
      if (part.id === undefined) {
        encode(part.text, (id, start) => {
          ids.push(id);
          starts.push(Math.max(0, at + start));
        });
        continue;
      }
      // The space before a text goes where a special token follows.
      if (wholeText && ids.length === 1 && ids[0] === space && special.has(part.text)) {
        ids.pop();
        starts.pop();
      }
      ids.push(part.id);
      starts.push(at);
    }
    return { ids: Int32Array.from(ids), tokenIndexes: firstTokens(starts, borders) };
  };
}

/** For each border the index of the first token that starts at or after it. */
function firstTokens(starts: readonly number[], borders: readonly number[]): number[] {
  let token = 0;
  return borders.map((border) => {
    while (token < starts.length && starts[token]! < border) token++;
    return token;
  });
}
