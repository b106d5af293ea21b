/** A tokenizer as the metadata of a GGUF file: the way back of ggufTokenizer.ts. */
import {
  type GgufField,
  pieceType,
  readSentencePieceModel,
  type SentencePieceModel,
} from "../format/index.js";
import { FormatError } from "../util/errors.js";
import { isRecord } from "../util/isRecord.js";
import { tokensOf } from "./addedTokens.js";
import { ggufPreTokenizer } from "./preTokenizers.js";
import { scoresFromMerges } from "./sentencePieceMerges.js";
import { chatTemplateJinja } from "./templateSource.js";
import type { Tokenizer } from "./tokenizer.js";
import type { TokenizerFiles, TokenizerJson } from "./tokenizerFiles.js";
import type { ChatTemplate } from "./types.js";

/** What a tokenizer becomes in a GGUF file. */
export interface GgufVocabulary {
  /** `tokenizer.*` */
  fields: Map<string, GgufField>;
  /** What llama.cpp will not do as this tokenizer does, a line each. */
  notes: string[];
}

/** Of a token that no text makes: places without one. */
const unusedType = pieceType.unused;
const controlType = pieceType.control;
const userDefinedType = pieceType.userDefined;

/** Score of tokens that nothing is merged into. */
const NO_SCORE = -1000;

/**
 * Describes a tokenizer as llama.cpp reads it.
 *
 * @param rows of the model's embedding: so many tokens the file has
 * @param template of the chat, whose ends of turns are named
 * @throws FormatError for a tokenizer that llama.cpp has no way to compute
 */
export async function ggufVocabulary(
  tokenizer: Tokenizer,
  rows: number,
  template: ChatTemplate | null,
): Promise<GgufVocabulary> {
  const files = tokenizer.files();
  const notes: string[] = [];
  const kind = kindOf(files, notes);
  const { tokens, types } = tokenList(tokenizer, files, rows, kind.types, notes);
  const fields = new Map<string, GgufField>([
    ["tokenizer.ggml.model", kind.model],
    ["tokenizer.ggml.pre", kind.pre],
    ["tokenizer.ggml.tokens", tokens],
    ["tokenizer.ggml.token_type", types],
  ]);
  if (kind.scores) {
    const scores = Float32Array.from(tokens, (_, id) => kind.scores?.[id] ?? NO_SCORE);
    fields.set("tokenizer.ggml.scores", scores);
  }
  if (kind.merges) fields.set("tokenizer.ggml.merges", kind.merges);
  if (kind.isSentencePiece) await addSpacePrefix(fields, tokenizer, files, notes);
  addNamedTokens(fields, tokenizer, rows, template, notes);
  await addTextEnds(fields, tokenizer, notes);
  addTemplates(fields, tokenizer, template, notes);
  return { fields, notes };
}

/** What kind of tokenizer it is to llama.cpp. */
interface Kind {
  model: "gpt2" | "llama";
  pre: string;
  merges?: string[];
  scores?: ArrayLike<number>;
  /** Types that the vocabulary itself gives to its tokens. */
  types?: ArrayLike<number>;
  isSentencePiece?: true;
}

function kindOf(files: TokenizerFiles, notes: string[]): Kind {
  const { tokenizerJson: json } = files;
  const spaces = files.copies?.get("tokenizer.model");
  if (files.own && spaces)
    return fromModel(readSentencePieceModel(spaces, files.path), files, notes);
  if (json.model.type !== "BPE")
    throw unknownKind(files, `a ${json.model.type ?? "nameless"} model`);
  if (isSentencePieceJson(json)) return fromMerges(files);
  const pre = ggufPreTokenizer(json);
  if (pre === undefined) throw unknownKind(files, "rules of its own for cutting text into words");
  // Merges that are recovered from a tiktoken file lead to every token.
  if (!pre.isExact && !files.rebuild) {
    notes.push("llama.cpp cuts words by merges alone that this tokenizer takes as one token each.");
  }
  if (json.normalizer) {
    notes.push("llama.cpp does not normalize text (NFC) before it is cut, as this tokenizer does.");
  }
  return { model: "gpt2", pre: pre.name, merges: mergeTexts(json.model.merges) };
}

/** Whether a tokenizer.json was made from a SentencePiece model: ▁ for spaces, tokens for bytes, no other rules. */
function isSentencePieceJson({ model, normalizer, pre_tokenizer: cut }: TokenizerJson): boolean {
  const steps = (value: unknown, list: string): Record<string, unknown>[] => {
    if (!isRecord(value)) return [];
    return value.type === "Sequence" ? (value[list] as Record<string, unknown>[]) : [value];
  };
  const rules = [...steps(normalizer, "normalizers"), ...steps(cut, "pretokenizers")];
  const isSpace = (rule: Record<string, unknown>) =>
    rule.type === "Metaspace" ||
    (rule.type === "Prepend" && rule.prepend === "▁") ||
    (/^(Replace|Split)$/.test(String(rule.type)) &&
      isRecord(rule.pattern) &&
      rule.pattern.String === " ");
  return model.byte_fallback === true && rules.length > 0 && rules.every(isSpace);
}

function unknownKind({ path }: TokenizerFiles, what: string): FormatError {
  return new FormatError(`${path}: the tokenizer cannot be written as GGUF`, {
    why: `it has ${what}, which llama.cpp does not compute`,
    todo: "export safetensors instead",
  });
}

function fromModel(model: SentencePieceModel, files: TokenizerFiles, notes: string[]): Kind {
  if (model.algorithm !== "bpe") throw unknownKind(files, "a unigram model");
  if (!model.byteIds) throw unknownKind(files, "no tokens for single bytes");
  if (!model.escapeSpaces || model.spaceAsSuffix)
    throw unknownKind(files, "other rules for spaces");
  if (model.characterMap.length > 0) {
    notes.push(
      "llama.cpp does not change characters before text is cut (the normalizer of tokenizer.model), as this tokenizer does.",
    );
  }
  if (model.removeExtraSpaces) {
    notes.push("llama.cpp keeps runs of spaces, of which this tokenizer makes one.");
  }
  return {
    model: "llama",
    pre: "default",
    scores: model.scores,
    types: model.types,
    isSentencePiece: true,
  };
}

function fromMerges(files: TokenizerFiles): Kind {
  const { model } = files.tokenizerJson;
  const vocabulary = isRecord(model.vocab) ? (model.vocab as Record<string, number>) : {};
  const scores = scoresFromMerges(vocabulary, mergeTexts(model.merges));
  if (!scores) throw unknownKind(files, "merges that are in no order of their results");
  const types: number[] = [];
  for (const [token, id] of Object.entries(vocabulary)) {
    types[id] = /^<0x[0-9A-F]{2}>$/.test(token) ? pieceType.byte : pieceType.normal;
  }
  const unknown = vocabulary[String(model.unk_token)];
  if (unknown !== undefined) types[unknown] = pieceType.unknown;
  return { model: "llama", pre: "default", scores, types, isSentencePiece: true };
}

function mergeTexts(merges: unknown): string[] {
  return (merges as (string | [string, string])[]).map((merge) =>
    typeof merge === "string" ? merge : merge.join(" "),
  );
}

/** Text and type of each id. */
function tokenList(
  tokenizer: Tokenizer,
  files: TokenizerFiles,
  rows: number,
  own: ArrayLike<number> | undefined,
  notes: string[],
): { tokens: string[]; types: Int32Array } {
  const left = Array.from({ length: Math.max(0, tokenizer.vocabSize - rows) }, (_, index) =>
    tokenizer.idToToken(rows + index),
  ).filter((token) => token !== undefined);
  if (left.length > 0) {
    const more = left.length > 5 ? ` and ${left.length - 5} more` : "";
    const shown = `${left.slice(0, 5).join(", ")}${more}`;
    notes.push(`Left out, since the embedding has no rows for them: ${shown}.`);
  }
  const added = new Map(tokensOf(files).added.map((token) => [token.id, token]));
  const types = new Int32Array(rows);
  const tokens = Array.from({ length: rows }, (_, id) => {
    const token = tokenizer.idToToken(id);
    const entry = added.get(id);
    const plain = own?.[id] ?? (token === undefined ? unusedType : pieceType.normal);
    types[id] = plain;
    if (entry && plain !== pieceType.unknown) {
      types[id] = entry.special ? controlType : userDefinedType;
    }
    // Names have to differ.
    return token === undefined || token === "" ? `[PAD${id}]` : token;
  });
  const spaced = [...added.values()].filter((token) => token.lstrip || token.rstrip);
  if (spaced.length > 0) {
    const shown = spaced.slice(0, 3).map(({ content }) => content);
    notes.push(
      `llama.cpp keeps the spaces beside ${shown.join(", ")}${spaced.length > 3 ? ", …" : ""}, which this tokenizer takes away.`,
    );
  }
  return { tokens, types };
}

/** Ends of texts and of turns, and the other tokens that have a name. */
function addNamedTokens(
  fields: Map<string, GgufField>,
  tokenizer: Tokenizer,
  rows: number,
  template: ChatTemplate | null,
  notes: string[],
): void {
  const name = (key: string, id: number | undefined) => {
    if (id !== undefined && id < rows) fields.set(`tokenizer.ggml.${key}_token_id`, { uint32: id });
  };
  const ends = [...new Set([...(template?.stopTokenIds ?? []), ...tokenizer.eosTokenIds])];
  const end = tokenizer.eosTokenId ?? ends[0];
  const others = ends.filter((id) => id !== end);
  name("bos", tokenizer.bosTokenId);
  name("eos", end);
  name("eot", others[0]);
  name("eom", others[1]);
  name("unknown", tokenizer.unkTokenId);
  name("padding", tokenizer.padTokenId);
  if (others.length > 2) {
    const left = others.slice(2).map((id) => tokenizer.idToToken(id));
    notes.push(`GGUF has no place for further ends of answers: ${left.join(", ")}.`);
  }
}

/** Whether a space is put before a text. */
async function addSpacePrefix(
  fields: Map<string, GgufField>,
  tokenizer: Tokenizer,
  files: TokenizerFiles,
  notes: string[],
): Promise<void> {
  const [first] = await tokenizer.encode("a");
  const isPut = tokenizer.idToToken(first ?? -1)?.startsWith("▁") ?? false;
  fields.set("tokenizer.ggml.add_space_prefix", isPut);
  if (!isPut) return;
  if (JSON.stringify(files.tokenizerJson.pre_tokenizer ?? null).includes('"Metaspace"')) {
    notes.push("llama.cpp puts a space before every text; this tokenizer not where one is there.");
  }
  const { symbols = [] } = files.own ?? {};
  if (symbols.length > 0) {
    const shown = symbols.slice(0, 3).map((symbol) => JSON.stringify(symbol));
    notes.push(
      `llama.cpp puts a space behind symbols such as ${shown.join(", ")}, not before the text, where this tokenizer puts one before the text alone.`,
    );
  }
}

/** What stands before and behind every text. */
async function addTextEnds(
  fields: Map<string, GgufField>,
  tokenizer: Tokenizer,
  notes: string[],
): Promise<void> {
  const text = "a";
  const bare = await tokenizer.encode(text);
  const whole = await tokenizer.encode(text, { addSpecialTokens: true });
  const at = whole.findIndex((_, i) => bare.every((id, j) => whole[i + j] === id));
  const before = [...whole.subarray(0, at)];
  const behind = [...whole.subarray(at + bare.length)];
  const isAlone = (ids: number[], id: number | undefined) => ids.length === 1 && ids[0] === id;
  const hasBos = isAlone(before, tokenizer.bosTokenId);
  const hasEos = isAlone(behind, tokenizer.eosTokenId);
  fields.set("tokenizer.ggml.add_bos_token", hasBos);
  fields.set("tokenizer.ggml.add_eos_token", hasEos);
  const rest = [...(hasBos ? [] : before), ...(hasEos ? [] : behind)];
  if (rest.length > 0) {
    const tokens = rest.map((id) => tokenizer.idToToken(id));
    notes.push(`llama.cpp will not put ${tokens.join(" ")} around a text, as this tokenizer does.`);
  }
}

/** The template of the chat, and, where it is the model's own, its further ones. */
function addTemplates(
  fields: Map<string, GgufField>,
  tokenizer: Tokenizer,
  template: ChatTemplate | null,
  notes: string[],
): void {
  const { chatTemplates: own } = tokenizer;
  const templates = new Map(own);
  if (template) {
    const { source, note } = chatTemplateJinja(template, tokenizer);
    if (note !== undefined) notes.push(note);
    const isOwn = source !== undefined && source === own.get("default");
    if (!isOwn) templates.clear();
    if (source !== undefined) templates.set("default", source);
    if (source === undefined && own.has("default")) {
      notes.push(`The model's own chat template is left out: training used ${template.name}.`);
    }
  }
  const named = [...templates.keys()].filter((name) => name !== "default");
  if (named.length > 0) fields.set("tokenizer.chat_templates", named);
  for (const [name, source] of templates) {
    const key = name === "default" ? "" : `.${name}`;
    fields.set(`tokenizer.chat_template${key}`, source);
  }
}
