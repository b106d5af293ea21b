/** The tokenizer that the rest of the program uses. */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { FormatError } from "../util/errors.js";
import { makeFolders } from "../util/makeFolders.js";
import { tokensOf } from "./addedTokens.js";
import type { BorderedIds, BorderedText, Encoder } from "./borderedText.js";
import { createEncoder } from "./encoder.js";
import { createNativeDecoder } from "./native.js";
import { withNewTokens } from "./newTokens.js";
import { encodePieces } from "./pieces.js";
import { createTextCutter } from "./stableText.js";
import { createStreamingDecoder, type StreamingDecoder } from "./streamingDecoder.js";
import { parseAgain, type TokenizerFiles } from "./tokenizerFiles.js";
import { type IdentifiedToken, tokensWithoutRow, withoutTokens } from "./tokensWithoutRow.js";
import { readVocabulary } from "./vocabulary.js";

export interface EncodeOptions {
  /** Let the tokenizer's post-processor add BOS and EOS as the model expects them. Default false. */
  addSpecialTokens?: boolean;
  /** Treat the text of added tokens as ordinary text. Default false. */
  plain?: boolean;
}

export interface DecodeOptions {
  /** Leave special tokens out. Default false. */
  skipSpecialTokens?: boolean;
  /** Ids of special tokens that are shown all the same: marks of tool calls and reasoning, say. */
  shown?: ReadonlySet<number>;
}

/** How a tokenizer is loaded; plain, so that another thread can load the same. */
export interface TokenizerOptions {
  /** For a GGUF file: cut text by this rule instead of the file's own. */
  preTokenizer?: string | undefined;
  /** Rows of the model's embedding. Default: unknown. */
  embeddingRows?: number | undefined;
  /** Take added tokens without a row in the embedding as ordinary text. Default false. */
  fixAddedTokens?: boolean | undefined;
  /** Texts that become tokens, behind all others. */
  newTokens?: readonly string[] | undefined;
}

/** Encoding is asynchronous because the native library, where it is asked, is; all else is immediate. */
export interface Tokenizer {
  /** Last part of the path it was loaded from. */
  readonly name: string;
  /** What it was loaded with. */
  readonly options: TokenizerOptions;
  /** Added tokens beyond the rows of the embedding; with `fixAddedTokens` they are ordinary text. */
  readonly tokensWithoutRow: readonly IdentifiedToken[];
  /** Largest id + 1: what the embedding must have rows for. */
  readonly vocabSize: number;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  readonly bosToken: string | undefined;
  readonly eosToken: string | undefined;
  readonly padToken: string | undefined;
  readonly unkToken: string | undefined;
  /** Texts of all tokens that have a name, by it: `bos_token`, `mask_token`, `image_token`, … */
  readonly namedTokens: Readonly<Record<string, string>>;
  /** The model's generation_config.json; empty where it has none. */
  readonly generationConfig: Readonly<Record<string, unknown>>;
  /** The end of a text for this model: `eosTokenId` and those of generation_config.json. */
  readonly eosTokenIds: readonly number[];
  /** Ids of special tokens. */
  readonly specialTokenIds: ReadonlySet<number>;
  /** Texts that become one token wherever they occur. */
  readonly addedTokens: readonly string[];
  /** Those that, beside the special ones, only a chat template may write (`chat_control_tokens`). */
  readonly chatControlTokens: readonly string[];
  /** The model's own Jinja chat templates by name: `default`, `tool_use`, … */
  readonly chatTemplates: ReadonlyMap<string, string>;
  /** What of its files' templates is not used, a line each. */
  readonly templateNotes: readonly string[];
  encode(text: string, options?: EncodeOptions): Promise<Int32Array>;
  /** Many texts; the order is kept. */
  encodeBatch(texts: string[], options?: EncodeOptions): Promise<Int32Array[]>;
  /** Encodes texts and says which token each place in them falls on (no special tokens added). */
  encodeBordered(texts: readonly BorderedText[]): Promise<BorderedIds[]>;
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** Decodes a growing sequence; `push` returns only whole characters. */
  decodeStream(options?: DecodeOptions): StreamingDecoder;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  /** Its files, read anew: kept, they would take tens of megabytes. */
  files(): TokenizerFiles;
  /**
   * Writes the tokenizer's files into `dir` (made if missing), as they were read, from which Python's
   * `AutoTokenizer` loads it with the same ids.
   */
  save(dir: string): void;
}

/**
 * @throws FormatError when the files do not make a tokenizer; ConfigError where `fixAddedTokens` would
 *   make ordinary text of a token that the model needs
 */
export function createTokenizer(given: TokenizerFiles, options: TokenizerOptions = {}): Tokenizer {
  const withoutRow = tokensWithoutRow(given, options.embeddingRows);
  const own = options.fixAddedTokens ? withoutTokens(given, withoutRow) : given;
  const files = withNewTokens(own, options.newTokens ?? []);
  const encoder = createEncoder(files, false);
  const decodeTokens = createDecoder(files);
  let plainEncoder: typeof encoder | undefined;
  const { tokens, ids, specialIds, addedTokens } = readVocabulary(files);
  const listed = tokensOf(files);
  // The parsed vocabulary and merges take tens of megabytes: only their text is kept.
  const { tokenizerJson: _parsed, ...kept } = files;

  let cutter: ((text: string) => string) | undefined;
  const encoderFor = (options: EncodeOptions) => {
    if (!options.plain) return encoder;
    plainEncoder ??= kept.own?.createEncoder(listed, true) ?? createEncoder(parseAgain(kept), true);
    return plainEncoder;
  };
  const encodeCut = (own: Encoder, texts: readonly BorderedText[]) => {
    if (own.cutsIntoWords || !texts.some(({ partial }) => partial))
      return own.encodeBordered(texts);
    cutter ??= createTextCutter(tokens, addedTokens);
    const cut = cutter;
    return own.encodeBordered(texts.map((entry) => (entry.partial ? cutText(entry, cut) : entry)));
  };
  const decode = (list: ArrayLike<number>, options: DecodeOptions = {}): string => {
    const texts: string[] = [];
    for (let index = 0; index < list.length; index++) {
      const id = list[index]!;
      const token = tokens[id];
      if (token === undefined) continue;
      if (options.skipSpecialTokens && specialIds.has(id) && !options.shown?.has(id)) continue;
      texts.push(token);
    }
    return decodeTokens(texts);
  };
  const { named } = listed;
  const special = (key: string) => {
    const text = named.get(key);
    return { text, id: text === undefined ? undefined : ids.get(text) };
  };
  const bos = special("bos_token");
  const eos = special("eos_token");
  const pad = special("pad_token");
  const unk = special("unk_token");
  const ends = [eos.id, kept.generationConfig.eos_token_id].flat();

  return {
    name: kept.name,
    options,
    tokensWithoutRow: withoutRow,
    vocabSize: tokens.length,
    bosTokenId: bos.id,
    eosTokenId: eos.id,
    padTokenId: pad.id,
    unkTokenId: unk.id,
    bosToken: bos.text,
    eosToken: eos.text,
    padToken: pad.text,
    unkToken: unk.text,
    generationConfig: kept.generationConfig,
    eosTokenIds: [...new Set(ends.filter((id) => typeof id === "number"))],
    specialTokenIds: specialIds,
    namedTokens: Object.fromEntries(named),
    addedTokens,
    chatControlTokens: controlTexts(kept.tokenizerConfig.chat_control_tokens),
    chatTemplates: kept.chatTemplates,
    templateNotes: kept.templateNotes,
    async encode(text, options = {}) {
      const encoded = await encoderFor(options).encode([text], options.addSpecialTokens ?? false);
      return encoded[0]!;
    },
    encodeBatch: (texts, options = {}) =>
      encoderFor(options).encode(texts, options.addSpecialTokens ?? false),
    encodeBordered(texts) {
      if (texts.some(({ inside, literal }) => inside || literal)) {
        const plain = () => encoderFor({ plain: true });
        return encodePieces(texts, (part, literal) => encodeCut(literal ? plain() : encoder, part));
      }
      return encodeCut(encoder, texts);
    },
    decode,
    decodeStream: (options = {}) => createStreamingDecoder((list) => decode(list, options)),
    tokenToId: (token) => ids.get(token),
    idToToken: (id) => tokens[id],
    files: () => parseAgain(kept),
    save(dir) {
      for (const [name, content] of [...kept.contents, ...(kept.copies ?? [])]) {
        makeFolders(dirname(join(dir, name)));
        writeFileSync(join(dir, name), content);
      }
    },
  };
}

function createDecoder(files: TokenizerFiles): (tokens: string[]) => string {
  if (files.own) return files.own.decode;
  const decoder = createNativeDecoder(files);
  return (tokens) => decoder?.decode(tokens) ?? tokens.join(" ");
}

/** @throws FormatError for a value that transformers refuses too */
function controlTexts(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((text) => typeof text === "string")) return value;
  throw new FormatError("tokenizer_config.json: chat_control_tokens is not a list of texts");
}

/** A partial text as a whole one that ends where no token reaches over. */
function cutText({ text, borders }: BorderedText, cut: (text: string) => string): BorderedText {
  const kept = cut(text);
  return { text: kept, borders: borders.map((border) => Math.min(border, kept.length)) };
}
