/** Everything that a GGUF file says about itself, and what it needs to rebuild its tokenizer. */
import { FormatError } from "../util/errors.js";
import { type FileReader, openFile } from "../util/fileReader.js";
import { type GgufValue, readGgufHeader } from "./ggufHeader.js";

/** What `tokenizer.ggml.*` holds. Ids are checked to be tokens. */
export interface GgufTokenizer {
  /** `gpt2` for byte-level BPE, `llama` for SentencePiece, … */
  model: string;
  /** Name of the pre-tokenizer, such as `smollm`. */
  pre: string | undefined;
  /** Text of each id; length is the vocabulary's size. */
  tokens: string[];
  /** Type of each id: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte. */
  tokenTypes: Int32Array | undefined;
  /** SentencePiece's score of each id. */
  scores: Float32Array | undefined;
  /** BPE merges, best first, two tokens with a space between. */
  merges: string[] | undefined;
  bosTokenId: number | undefined;
  eosTokenId: number | undefined;
  /** End of a turn, where it is not the end token. */
  eotTokenId: number | undefined;
  unknownTokenId: number | undefined;
  paddingTokenId: number | undefined;
  addBosToken: boolean | undefined;
  addEosToken: boolean | undefined;
  addSpacePrefix: boolean | undefined;
  chatTemplate: string | undefined;
  /** Further ones by name. */
  namedTemplates?: ReadonlyMap<string, string>;
}

export interface GgufMetadata {
  version: number;
  /** Every key of the file. */
  values: ReadonlyMap<string, GgufValue>;
  /** Undefined where the file has no vocabulary. */
  tokenizer: GgufTokenizer | undefined;
}

/**
 * Reads the metadata of a GGUF file.
 * @throws FormatError when the header is not valid or the vocabulary contradicts itself
 */
export function readGgufMetadata(path: string): GgufMetadata {
  return readMetadata(openFile(path));
}

/** {@link readGgufMetadata} for an open file, which is closed. */
export function readMetadata(file: FileReader): GgufMetadata {
  try {
    const { version, metadata } = readGgufHeader(file);
    return { version, values: metadata, tokenizer: readTokenizer(metadata, file.path) };
  } finally {
    file.close();
  }
}

function readTokenizer(
  metadata: ReadonlyMap<string, GgufValue>,
  path: string,
): GgufTokenizer | undefined {
  function read<T>(key: string, expected: string, test: (value: unknown) => value is T) {
    const value = metadata.get(key);
    if (value === undefined || test(value)) return value;
    return fail(key, `should be ${expected}`);
  }
  function fail(key: string, problem: string): never {
    throw new FormatError(`${path}: \`${key}\` ${problem}`, {
      why: "the file's vocabulary contradicts itself",
      todo: "download the file again, or convert the model again",
    });
  }
  const string = (key: string) => read(key, "a string", (v) => typeof v === "string");
  const flag = (key: string) => read(key, "true or false", (v) => typeof v === "boolean");
  const strings = (key: string) => read(key, "an array of strings", isStrings);

  const tokens = strings("tokenizer.ggml.tokens");
  if (!tokens) return undefined;
  const sameLength = (key: string, list: { length: number } | undefined) => {
    if (list && list.length !== tokens.length) {
      fail(key, `has ${list.length} entries for ${tokens.length} tokens`);
    }
  };
  const id = (name: string) => {
    const key = `tokenizer.ggml.${name}_token_id`;
    const value = read(key, "a whole number", isWhole);
    // Some converters write "none" as -1 in an unsigned field.
    if (value === undefined || value === -1 || value === 0xffffffff) return undefined;
    if (value < 0 || value >= tokens.length) fail(key, `is ${value}, beyond the vocabulary`);
    return value;
  };
  const tokenTypes = read(
    "tokenizer.ggml.token_type",
    "an array of 32-bit integers",
    (v) => v instanceof Int32Array,
  );
  const scores = read(
    "tokenizer.ggml.scores",
    "an array of 32-bit floats",
    (v) => v instanceof Float32Array,
  );
  sameLength("tokenizer.ggml.token_type", tokenTypes);
  sameLength("tokenizer.ggml.scores", scores);
  const model = string("tokenizer.ggml.model") ?? fail("tokenizer.ggml.model", "is missing");
  if (model === "llama") {
    const wrong = tokens.find(
      (text, i) => tokenTypes?.[i] === 6 && !/^<0x[0-9A-F]{2}>$/.test(text),
    );
    if (wrong !== undefined) fail("tokenizer.ggml.tokens", `has the byte token \`${wrong}\``);
  }
  return {
    model,
    pre: string("tokenizer.ggml.pre"),
    tokens,
    tokenTypes,
    scores,
    merges: strings("tokenizer.ggml.merges"),
    bosTokenId: id("bos"),
    eosTokenId: id("eos"),
    eotTokenId: id("eot"),
    unknownTokenId: id("unknown"),
    paddingTokenId: id("padding"),
    addBosToken: flag("tokenizer.ggml.add_bos_token"),
    addEosToken: flag("tokenizer.ggml.add_eos_token"),
    addSpacePrefix: flag("tokenizer.ggml.add_space_prefix"),
    chatTemplate: string("tokenizer.chat_template"),
    namedTemplates: namedTemplates(metadata, path),
  };
}

/** `tokenizer.chat_template.NAME`, as llama.cpp's converter writes them. */
function namedTemplates(
  metadata: ReadonlyMap<string, GgufValue>,
  path: string,
): ReadonlyMap<string, string> {
  const prefix = "tokenizer.chat_template.";
  const templates = new Map<string, string>();
  for (const [key, value] of metadata) {
    if (!key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length);
    // It becomes the name of a file.
    if (typeof value !== "string" || !/^[\w-][\w.-]*$/.test(name)) {
      throw new FormatError(`${path}: \`${key}\` is not a chat template`, {
        why: "it should be a string, with a name of letters and digits",
        todo: "download the file again, or convert the model again",
      });
    }
    templates.set(name, value);
  }
  return templates;
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
