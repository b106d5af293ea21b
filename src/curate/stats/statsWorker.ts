/** What a thread of `data stats` runs: reads rows, encodes them, counts. */
import { eld } from "eld/small";
import {
  addLeftOut,
  type ConversationSource,
  encodeRows,
  type LeftOut,
  openConversations,
  type SourceOptions,
} from "../../data/index.js";
import {
  type ChatTemplate,
  type ControlTokens,
  type Conversation,
  controlTokens,
  type EncodedConversation,
  loadTokenizer,
  type ReasoningChoice,
  resolveChatTemplate,
  type SpecialTokensInText,
  type TemplateVariables,
  type Tokenizer,
  type TokenizerOptions,
  tokensSpelledIn,
} from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { Transferred, type WorkerSetup } from "../../util/workerPool.js";
import { addFingerprint, type Fingerprints, fingerprints } from "./fingerprint.js";
import { measureRefusal, measureText, measureTokens } from "./measureRow.js";
import { emptyMeasures, type Measures } from "./measures.js";
import { addTally } from "./tally.js";
import { type TokenKind, tokenKinds } from "./textFindings.js";

export interface StatsSettings {
  /** Undefined where only characters are counted. */
  text:
    | {
        tokenizer: string;
        tokenizerOptions: TokenizerOptions | undefined;
        template: string | undefined;
        variables: TemplateVariables | undefined;
        reasoning: ReasoningChoice | undefined;
        embeddingRows: number | undefined;
        specialTokensInText: SpecialTokensInText | undefined;
      }
    | undefined;
  source: Omit<SourceOptions, "onProgress">;
  /** Hashes of shingles that many rows have. */
  common: BigUint64Array;
  maxSeqLengths: readonly number[];
}

export interface StatsJob {
  file: string;
  format: string;
  /** Of this file. */
  rows: number[];
}

export interface StatsResult {
  measures: Measures;
  /** Of the rows that are not refused. */
  prints: Fingerprints;
  /** [prints]; their numbers in the file. */
  printedRows: number[];
}

/** Rows that are held as texts at one time: a row may have megabytes. */
const rowsAtOnce = 32;

export const setup: WorkerSetup<StatsSettings, StatsJob, StatsResult> = async (settings) => {
  const encoder = settings.text && (await openEncoder(settings.text));
  const tools = {
    detect: (text: string) => eld.detect(text).language,
    hasTokenizer: encoder !== undefined,
  };
  let opened: { file: string; source: ConversationSource } | undefined;
  const open = async ({ file, format }: StatsJob) => {
    if (opened?.file !== file) {
      await opened?.source.close();
      opened = undefined;
      opened = { file, source: await openConversations([file], { ...settings.source, format }) };
    }
    return opened.source;
  };
  return async (job) => {
    const source = await open(job);
    const measures = emptyMeasures(settings.maxSeqLengths);
    const prints = fingerprints(job.rows.length);
    const printedRows: number[] = [];
    for (let start = 0; start < job.rows.length; start += rowsAtOnce) {
      const rows = job.rows.slice(start, start + rowsAtOnce);
      for (const [index, read] of (await readRows(source, rows, encoder)).entries()) {
        measures.rows++;
        const place = source.place(rows[index]!);
        const { conversation, encoded, error, leftOut } = read;
        if (leftOut) addLeftOut(measures.leftOut, leftOut, place);
        if (conversation && encoder) {
          // Such a row may be refused for it, and counts all the same.
          for (const token of tokensSpelledIn(conversation, encoder.controlTokens)) {
            addTally(measures.specialTokens, token, 1, [place]);
          }
        }
        if (error) {
          measureRefusal(measures, error, place);
          continue;
        }
        const language = measureText(measures, conversation, place, tools);
        if (encoder && encoded) {
          const { sequences, contents } = encoded;
          const { kindOf } = encoder;
          measureTokens(measures, language, conversation, sequences, contents, place, kindOf);
        }
        const prompt = conversation.messages.find(({ role }) => role === "user")?.content ?? "";
        addFingerprint(prints, printedRows.length, conversation, prompt.trim(), settings.common);
        printedRows.push(rows[index]!);
      }
    }
    const { exact, prompt, bands, bits } = prints;
    return new Transferred({ measures, prints, printedRows }, [
      exact.buffer as ArrayBuffer,
      prompt.buffer as ArrayBuffer,
      bands.buffer as ArrayBuffer,
      bits.buffer as ArrayBuffer,
    ]);
  };
};

interface Encoder {
  tokenizer: Tokenizer;
  template: ChatTemplate;
  reasoning: ReasoningChoice | undefined;
  embeddingRows: number | undefined;
  specialTokensInText: SpecialTokensInText | undefined;
  controlTokens: ControlTokens;
  kindOf(id: number): TokenKind;
}

async function openEncoder(text: NonNullable<StatsSettings["text"]>): Promise<Encoder> {
  const tokenizer = await loadTokenizer(text.tokenizer, text.tokenizerOptions);
  const template = resolveChatTemplate(text.template, tokenizer, text.variables);
  return {
    tokenizer,
    template,
    reasoning: text.reasoning,
    embeddingRows: text.embeddingRows,
    specialTokensInText: text.specialTokensInText,
    controlTokens: controlTokens(tokenizer, template),
    kindOf: tokenKinds(tokenizer),
  };
}

/** A row, or why it is refused: by the reader, or by what training checks. */
type ReadRow = { leftOut?: LeftOut } & (
  | { conversation: Conversation; encoded?: EncodedRow; error?: undefined }
  | { conversation?: Conversation; encoded?: undefined; error: DataError }
);

interface EncodedRow {
  sequences: EncodedConversation[];
  contents: Int32Array[];
}

/** Rows, with their ids where there is an encoder. */
async function readRows(
  source: ConversationSource,
  rows: readonly number[],
  encoder: Encoder | undefined,
): Promise<ReadRow[]> {
  const read = await Promise.all(
    rows.map((row) => source.read(row).catch((error: unknown) => dataError(error))),
  );
  if (!encoder) {
    return read.map((one) => (one instanceof DataError ? { error: one } : { conversation: one }));
  }
  const known = new Map(rows.map((row, index) => [row, read[index]!]));
  const remembered: ConversationSource = {
    ...source,
    async read(row) {
      const one = known.get(row)!;
      if (one instanceof DataError) throw one;
      return one;
    },
  };
  const encoded = await encodeRows(remembered, rows, encoder);
  const texts = read.flatMap((one, index) =>
    one instanceof DataError || !encoded[index]!.ok
      ? []
      : one.messages.map(({ content }) => content),
  );
  const ids = (await encoder.tokenizer.encodeBatch(texts)).values();
  return read.map((one, index) => {
    if (one instanceof DataError) return { error: one };
    const result = encoded[index]!;
    if (!result.ok) return { conversation: one, error: result.error, leftOut: result.leftOut };
    const contents = one.messages.map(() => ids.next().value!);
    const { encoded: sequences, leftOut } = result;
    return { conversation: one, encoded: { sequences, contents }, leftOut };
  });
}

function dataError(error: unknown): DataError {
  if (error instanceof DataError) return error;
  throw error;
}
