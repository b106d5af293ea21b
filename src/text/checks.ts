/** Checks of an encoded conversation before it is trained on. */
import { ConfigError, DataError } from "../util/errors.js";
import { tokensWrittenBy } from "./controlTokens.js";
import { place } from "./place.js";
import type { Tokenizer } from "./tokenizer.js";
import { adviceOnToken } from "./tokensWithoutRow.js";
import type { ChatTemplate, EncodedConversation, Segment, Source } from "./types.js";

/**
 * Rejects an id that has no row in the embedding, which makes a GPU stop with `srcIndex <
 * srcSelectDimSize`.
 * @param embeddingRows rows of the embedding matrix
 * @throws DataError naming file, line and the token
 */
export function checkTokenIds(
  encoded: EncodedConversation,
  embeddingRows: number,
  tokenizer?: Tokenizer,
): void {
  const { inputIds, labels } = encoded;
  for (let index = 0; index < inputIds.length; index++) {
    const id = Math.max(inputIds[index]!, labels[index]!);
    if (id < embeddingRows) continue;
    const token = tokenizer?.idToToken(id);
    const shown = token === undefined ? `id ${id}` : `${JSON.stringify(token)} (id ${id})`;
    const what = `${place(encoded.source)}the model has no embedding for token ${shown}`;
    if (token !== undefined && tokenizer?.addedTokens.includes(token)) {
      throw new DataError(what, adviceOnToken({ text: token, id }, embeddingRows));
    }
    throw new DataError(what, {
      why: `the embedding has ${embeddingRows} rows, so ids must be below ${embeddingRows}; it is token ${index} of the conversation`,
      todo:
        token === undefined
          ? "use the tokenizer of the model"
          : `remove the text ${JSON.stringify(token)} from the data, or use the tokenizer of the model`,
    });
  }
}

/**
 * Rejects the tokenizer of another model. Added tokens that the model has no row for are harmless until
 * one is met, and `newTokens` get rows; a vocabulary that is larger than the embedding is not.
 *
 * @param embeddingRows of the model as it was
 * @throws ConfigError saying both sizes
 */
export function checkVocabulary(tokenizer: Tokenizer, embeddingRows: number): void {
  const { options, vocabSize, tokensWithoutRow } = tokenizer;
  const own = vocabSize - (options.newTokens?.length ?? 0);
  if (own <= embeddingRows + tokensWithoutRow.length) return;
  throw new ConfigError(`the tokenizer ${tokenizer.name} does not belong to this model`, {
    why: `it has ${own} tokens, but the model's embedding has ${embeddingRows} rows`,
    todo: "put the model's own tokenizer files next to its weights",
  });
}

/**
 * Rejects a template that writes an added token without a row in the embedding, or one that
 * `fix_added_tokens` makes ordinary text.
 * @throws ConfigError naming it
 */
export function checkTemplateRows(template: ChatTemplate, tokenizer: Tokenizer): void {
  const { tokensWithoutRow: tokens, options } = tokenizer;
  const texts = tokens.map(({ text }) => text);
  const [written] = texts.length > 0 ? tokensWrittenBy(template, tokenizer, texts) : [];
  if (written === undefined) return;
  const { id } = tokens.find(({ text }) => text === written)!;
  throw new ConfigError(`chat template ${template.name} writes ${written}`, {
    why: `the tokenizer's files give it the id ${id}, but the embedding has ${options.embeddingRows} rows`,
    todo: "choose another template_name, or use the tokenizer files that belong to the model",
  });
}

/**
 * Rejects half of a surrogate pair, which no tokenizer has ids for: Python's refuse it, and here it would
 * become U+FFFD.
 * @throws DataError naming file, line and what stands before it
 */
export function checkWellFormed(segments: readonly Segment[], source: Source | undefined): void {
  for (const segment of segments) {
    const half = "text" in segment ? segment.text.search(/\p{Surrogate}/u) : -1;
    if (!("text" in segment) || half < 0) continue;
    const code = segment.text.charCodeAt(half).toString(16);
    const before = segment.text.slice(Math.max(0, half - 20), half);
    throw new DataError(
      `${place(source)}the text has half of a surrogate pair, \\u${code}, behind ${JSON.stringify(before)}`,
      {
        why: "it is no character; a text that was cut in the middle of an emoji has one",
        todo: "correct or remove the row",
      },
    );
  }
}

/**
 * Rejects a conversation without any token to train on.
 * @throws DataError naming file and line
 */
export function checkLabels(encoded: EncodedConversation): void {
  if (encoded.labelledTokens > 0) return;
  const cut = encoded.truncated;
  const assistant = encoded.segments.some((segment) => segment.train);
  throw new DataError(`${place(encoded.source)}no token of this conversation is trained on`, {
    why: cut
      ? `of its ${encoded.fullLength} tokens, the first one to train on comes after max_seq_length ${encoded.inputIds.length}`
      : assistant
        ? "the assistant's turns are empty"
        : "it has no assistant message, or none that is trained on",
    todo: cut
      ? "raise max_seq_length, or remove the conversation"
      : "add an assistant message with text, or remove the conversation",
  });
}
