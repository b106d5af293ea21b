/** From row numbers to ids and labels, with all the checks that training relies on. */
import {
  type ChatTemplate,
  type Conversation,
  checkLabels,
  checkTokenIds,
  type EncodedConversation,
  encodeSequences,
  type OverLength,
  type Source,
  type SpecialTokensInText,
  type Tokenizer,
} from "../text/index.js";
import { DataError } from "../util/errors.js";
import type { ConversationSource } from "./conversationSource.js";
import { checkToolMessages, checkTools } from "./toolRules.js";

export interface EncodeRowsOptions {
  tokenizer: Tokenizer;
  template: ChatTemplate;
  /** Maximum number of tokens per sequence. Default: unlimited. */
  maxSeqLength?: number | undefined;
  /** How to handle longer conversations. Default `cut`. */
  overLength?: OverLength | undefined;
  /** False: encode only what is kept; lengths before truncation are then estimates. Default true. */
  exactLengths?: boolean | undefined;
  /** How text of a row that spells a special token is encoded. Default `error`. */
  specialTokensInText?: SpecialTokensInText | undefined;
  /** Rows of the model's embedding. Default: as many as the tokenizer has ids. */
  embeddingRows?: number | undefined;
}

/**
 * A row that can be trained on, or the reason why not. One row may give several sequences, in order;
 * it gives none only if it was left out because of its length, as `dropped` explains.
 */
export type RowResult =
  | { ok: true; encoded: EncodedConversation[]; dropped?: string; source: Source }
  | { ok: false; error: DataError; source: Source };

/** Reads and encodes rows together; the results are in the order of `rows`. */
export async function encodeRows(
  source: Pick<ConversationSource, "read" | "place">,
  rows: readonly number[],
  options: EncodeRowsOptions,
): Promise<RowResult[]> {
  const conversations = await Promise.all(rows.map((row) => refusalOf(() => source.read(row))));
  const readable = conversations.filter(isConversation);
  const encoded = (await encodeAll(readable, options)).values();
  return conversations.map((conversation, index) => {
    const place = source.place(rows[index]!);
    const result = conversation instanceof DataError ? conversation : encoded.next().value!;
    return result instanceof DataError
      ? { ok: false, error: result, source: place }
      : { ok: true, encoded: result, ...dropping(result, place, options), source: place };
  });
}

function dropping(
  { length }: readonly EncodedConversation[],
  { file, line }: Source,
  { maxSeqLength }: EncodeRowsOptions,
): { dropped?: string } {
  if (length > 0) return {};
  const reason = `longer than max_seq_length ${maxSeqLength}, with over_length drop`;
  return { dropped: `${file}:${line}: ${reason}` };
}

/** Encodes all together, or one by one if one of the conversations is rejected. */
async function encodeAll(
  conversations: readonly Conversation[],
  options: EncodeRowsOptions,
): Promise<(EncodedConversation[] | DataError)[]> {
  const { tokenizer, template, ...sequences } = options;
  const encode = (list: readonly Conversation[]) =>
    encodeSequences(list, tokenizer, template, sequences);
  const whole = await refusalOf(() => encode(conversations));
  const encoded =
    whole instanceof DataError
      ? await Promise.all(
          conversations.map((one) => refusalOf(async () => (await encode([one]))[0]!)),
        )
      : whole;
  return encoded.map((result, index) =>
    result instanceof DataError ? result : check(result, conversations[index]!, options),
  );
}

function check(
  encoded: EncodedConversation[],
  conversation: Conversation,
  { tokenizer, template, embeddingRows = tokenizer.vocabSize }: EncodeRowsOptions,
): EncodedConversation[] | DataError {
  try {
    if (encoded.length > 0) {
      checkTools(conversation, encoded, template.name);
      checkToolMessages(conversation, template);
    }
    for (const sequence of encoded) {
      checkTokenIds(sequence, embeddingRows, tokenizer);
      checkLabels(sequence);
    }
    return encoded;
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

async function refusalOf<T>(job: () => Promise<T>): Promise<T | DataError> {
  try {
    return await job();
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

function isConversation(result: Conversation | DataError): result is Conversation {
  return !(result instanceof DataError);
}
