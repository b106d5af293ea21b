/** From row numbers to ids and labels, with all the checks that training relies on. */
import {
  type ChatTemplate,
  checkLabels,
  checkTokenIds,
  type EncodedConversation,
  encodeSequences,
  type OverLength,
  type ReasoningChoice,
  type Source,
  type SpecialTokensInText,
  type Tokenizer,
  withoutUnlearnt,
} from "../text/index.js";
import { DataError } from "../util/errors.js";
import type { ConversationSource } from "./conversationSource.js";
import type { LeftOut } from "./leftOut.js";
import { type PlannedRow, planRow, templateFor } from "./reasoningPlan.js";
import { checkWords } from "./words/index.js";

export interface EncodeRowsOptions {
  tokenizer: Tokenizer;
  template: ChatTemplate;
  /** Maximum number of tokens per sequence. Default: unlimited. */
  maxSeqLength?: number | undefined;
  /** How to handle longer conversations. Default `cut`. */
  overLength?: OverLength | undefined;
  /** What is done with reasoning. Default: rows are refused of which the template leaves it out. */
  reasoning?: ReasoningChoice | undefined;
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
  | { ok: true; encoded: EncodedConversation[]; dropped?: string; leftOut: LeftOut; source: Source }
  | { ok: false; error: DataError; leftOut: LeftOut; source: Source };

/** Reads and encodes rows together; the results are in the order of `rows`. */
export async function encodeRows(
  source: Pick<ConversationSource, "read" | "place">,
  rows: readonly number[],
  options: EncodeRowsOptions,
): Promise<RowResult[]> {
  const planned = await Promise.all(
    rows.map((row) => refusalOf(async () => planRow(await source.read(row), options.reasoning))),
  );
  const encoded = (await encodeAll(planned.filter(isPlanned), options)).values();
  return planned.map((plan, index) => {
    const place = source.place(rows[index]!);
    const result = plan instanceof DataError ? refused(plan) : encoded.next().value!;
    return result.ok
      ? { ...result, ...dropping(result.encoded, place, options), source: place }
      : { ...result, source: place };
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

/** A result without its place. */
type Outcome =
  | { ok: true; encoded: EncodedConversation[]; leftOut: LeftOut }
  | { ok: false; error: DataError; leftOut: LeftOut };

const nothing: LeftOut = { reasoning: 0, keys: [], joined: 0 };

function refused(error: DataError, leftOut = nothing): Outcome {
  return { ok: false, error, leftOut };
}

/** Encodes all together, or one by one if one of the rows is rejected. */
async function encodeAll(
  rows: readonly PlannedRow[],
  options: EncodeRowsOptions,
): Promise<Outcome[]> {
  const { tokenizer, reasoning, ...sequences } = options;
  const template = templateFor(options.template, reasoning);
  const encode = async (list: readonly PlannedRow[]) => {
    const all = list.flatMap(({ conversations }) => conversations);
    const encoded = (await encodeSequences(all, tokenizer, template, sequences)).values();
    return list.map(({ conversations }) => conversations.map(() => encoded.next().value!));
  };
  const whole = await refusalOf(() => encode(rows));
  const encoded =
    whole instanceof DataError
      ? await Promise.all(rows.map((one) => refusalOf(async () => (await encode([one]))[0]!)))
      : whole;
  return encoded.map((result, index) =>
    result instanceof DataError ? refused(result) : check(result, rows[index]!, template, options),
  );
}

/** @param encoded the sequences of each of the row's conversations */
function check(
  encoded: EncodedConversation[][],
  { conversations, dropped }: PlannedRow,
  template: ChatTemplate,
  { tokenizer, reasoning, embeddingRows = tokenizer.vocabSize }: EncodeRowsOptions,
): Outcome {
  // A row is left out whole.
  if (encoded.some(({ length }) => length === 0)) {
    return { ok: true, encoded: [], leftOut: nothing };
  }
  const checked = conversations.map((conversation, index) => {
    const segments = encoded[index]!.flatMap((sequence) => sequence.segments);
    const leftOut = encoded[index]!.flatMap(({ messagesLeftOut = [] }) => messagesLeftOut);
    const shown = conversation.messages.filter((message) => !leftOut.includes(message));
    return checkWords({ ...conversation, messages: shown }, segments, template, reasoning);
  });
  const lost = checked.reduce((sum, { leftOut }) => sum + leftOut.reasoning, 0);
  const error = checked.find((one) => one.error)?.error;
  const leftOut = {
    // With split, what one sequence leaves out is learnt from another.
    reasoning: reasoning === "split" && error === undefined ? 0 : dropped + lost,
    keys: [...new Set(checked.flatMap((one) => one.leftOut.keys))],
    joined: conversations[0]?.joined ?? 0,
  };
  if (error) return refused(error, leftOut);
  const sequences = withoutUnlearnt(encoded.flat());
  try {
    for (const sequence of sequences) {
      checkTokenIds(sequence, embeddingRows, tokenizer);
      checkLabels(sequence);
    }
    return { ok: true, encoded: sequences, leftOut };
  } catch (problem) {
    if (problem instanceof DataError) return refused(problem);
    throw problem;
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

function isPlanned(result: PlannedRow | DataError): result is PlannedRow {
  return !(result instanceof DataError);
}
