/** The jobs of the text process. */
import { statSync } from "node:fs";
import { collectStats, noticesOf } from "../../curate/stats/index.js";
import {
  type ConversationSource,
  encodeRows,
  openConversations,
  openTrainingData,
  type RowResult,
  type TrainingData,
} from "../../data/index.js";
import { locateModel } from "../../generate/index.js";
import {
  type EncodedConversation,
  encodeSequences,
  ignoredLabel,
  type Tokenizer,
} from "../../text/index.js";
import { openText } from "../../train/index.js";
import { type DataError, withWhy } from "../../util/errors.js";
import type { JobName, TextChoice, TextJobs, TextRequest } from "./protocol.js";
import { recentlyUsed } from "./recentlyUsed.js";

type Text = Awaited<ReturnType<typeof openText>>;
type Input<Name extends JobName> = TextJobs[Name]["input"];
type Output<Name extends JobName> = TextJobs[Name]["output"];

/** @param onProgress told the share that is done */
export async function runJob(
  request: TextRequest,
  onProgress: (share: number) => void,
): Promise<Output<JobName>> {
  switch (request.name) {
    case "tokens":
      return tokensOf(request.input);
    case "untrained":
      return nextUntrained(request.input);
    case "packed":
      return packedRows(request.input);
    case "stats":
      return statsOf(request.input, onProgress);
  }
}

const texts = recentlyUsed<Text>(3, async () => {});
const sources = recentlyUsed<ConversationSource>(3, (source) => source.close());
const packings = recentlyUsed<TrainingData>(2, (data) => data.close());

/** Tokenizer and template as training opens them. */
function textOf({ place, adapters, template }: TextChoice): Promise<Text> {
  const key = JSON.stringify([place, adapters, template]);
  return texts(key, async () =>
    openText(await locateModel(place, adapters, { parts: "text" }), {
      task_type: "sft",
      template_name: template ?? null,
      chat_template_kwargs: {},
      fix_added_tokens: false,
      new_tokens: [],
    }),
  );
}

function sourceOf(path: string): Promise<ConversationSource> {
  return sources(stateOf(path), () => openConversations([path]));
}

function stateOf(path: string): string {
  const { size, mtimeMs, ino } = statSync(path);
  return `${path}:${ino}:${size}:${mtimeMs}`;
}

async function encode(
  { path, text: choice, maxLength }: Pick<Input<"tokens">, "path" | "text" | "maxLength">,
  rows: readonly number[],
): Promise<{ results: RowResult[]; text: Text }> {
  const text = await textOf(choice);
  const { tokenizer, template, embeddingRows } = text;
  const options = { tokenizer, template, embeddingRows, maxSeqLength: maxLength };
  return { results: await encodeRows(await sourceOf(path), rows, options), text };
}

async function tokensOf(input: Input<"tokens">): Promise<Output<"tokens">> {
  const { results, text } = await encode(input, [input.row]);
  const [result] = results;
  if (!result) throw new RangeError("there is no such row");
  const { tokenizer, template } = text;
  const encoded = result.ok ? result.encoded : await encodeRefused(input, text, result.error);
  const tokens = encoded.flatMap(({ inputIds, labels }) => {
    const shown = tokenTexts(inputIds, tokenizer);
    return Array.from(inputIds, (id, i) => ({
      id,
      text: shown[i]!,
      trained: labels[i] !== ignoredLabel,
      special: tokenizer.specialTokenIds.has(id),
    }));
  });
  const sum = (pick: (one: (typeof encoded)[number]) => number) =>
    encoded.reduce((total, one) => total + pick(one), 0);
  return {
    row: input.row,
    tokens,
    trained: sum(({ labelledTokens }) => labelledTokens),
    truncated: sum(({ fullLength, inputIds }) => fullLength - inputIds.length),
    template: template.name,
    problem: result.ok ? null : withWhy(result.error.message, result.error.why),
  };
}

/** A row that training refuses for its labels is shown all the same. @throws the refusal, where it cannot be */
async function encodeRefused(
  { path, row, maxLength: maxSeqLength }: Input<"tokens">,
  { tokenizer, template }: Text,
  refusal: DataError,
): Promise<EncodedConversation[]> {
  try {
    const conversation = await (await sourceOf(path)).read(row);
    return (await encodeSequences([conversation], tokenizer, template, { maxSeqLength })).flat();
  } catch {
    throw refusal;
  }
}

/** The text that each token adds; of one that is a part of a character, its name in the vocabulary. */
function tokenTexts(ids: Int32Array, tokenizer: Tokenizer): string[] {
  const decoder = tokenizer.decodeStream();
  return Array.from(ids, (id) => {
    const text = decoder.push(id);
    return text === "" || text.includes("\ufffd") ? (tokenizer.idToToken(id) ?? "") : text;
  });
}

/** Rows that are encoded together. */
const rowsAtOnce = 32;

/** Milliseconds after which an answer is given. */
const patience = 1000;

async function nextUntrained(input: Input<"untrained">): Promise<Output<"untrained">> {
  const { rows } = await sourceOf(input.path);
  const until = performance.now() + patience;
  let searched = input.after;
  while (searched < rows - 1 && performance.now() < until) {
    const count = Math.min(rowsAtOnce, rows - 1 - searched);
    const numbers = Array.from({ length: count }, (_, i) => searched + 1 + i);
    const { results } = await encode(input, numbers);
    const found = results.findIndex((result) => !isTrained(result));
    if (found >= 0) {
      const row = numbers[found]!;
      return { row, searched: row, is_end: row === rows - 1 };
    }
    searched += count;
  }
  return { row: null, searched, is_end: searched >= rows - 1 };
}

function isTrained(result: RowResult): boolean {
  return result.ok && result.encoded.some(({ labelledTokens }) => labelledTokens > 0);
}

/** The seed of the order, as `data_seed` is by default. */
const standardSeed = 42;

/** Micro-batches of one row each, as `packing: true` makes them. */
async function packedRows({
  path,
  text: choice,
  maxLength,
  offset,
  limit,
}: Input<"packed">): Promise<Output<"packed">> {
  const { tokenizer, template, embeddingRows } = await textOf(choice);
  const source = await sourceOf(path);
  const key = JSON.stringify([stateOf(path), choice, maxLength]);
  const data = await packings(key, () =>
    openTrainingData({
      files: [path],
      tokenizer,
      template,
      embeddingRows,
      maxSeqLength: maxLength,
      batchSize: 1,
      packing: true,
      seed: standardSeed,
      onError: "skip",
      prefetch: 0,
    }),
  );
  const rows: Output<"packed">["rows"] = [];
  const end = Math.min(data.microBatchesPerEpoch, offset + limit);
  for (let number = offset; number < end; number++) {
    const { sequences, tokens } = await data.microBatch(number);
    const parts = sequences.map(({ inputIds, labels, source: { line } }) => ({
      row: rowOfLine(source, line),
      tokens: inputIds.length,
      trained: labels.reduce((sum, label) => sum + Number(label !== ignoredLabel), 0),
    }));
    rows.push({ length: tokens, room: Math.max(maxLength, tokens), parts });
  }
  const filled = rows.reduce((sum, { length }) => sum + length, 0);
  const room = rows.reduce((sum, row) => sum + row.room, 0);
  return { offset, rows, fill: room === 0 ? 0 : filled / room };
}

function rowOfLine(source: ConversationSource, line: number): number {
  let low = 0;
  let high = source.rows - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (source.place(middle).line < line) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Threads that count; training and the engine want their share of the machine. */
const statsThreads = 2;

async function statsOf(
  { path, text: choice }: Input<"stats">,
  onProgress: (share: number) => void,
): Promise<Output<"stats">> {
  const { tokenizer, template, embeddingRows, tokenizerPath } = await textOf(choice);
  const report = await collectStats([path], {
    text: {
      path: tokenizerPath,
      template: template.name,
      tokenizerOptions: tokenizer.options,
      embeddingRows,
      names: { name: tokenizer.name, template: template.name, vocabulary: tokenizer.vocabSize },
    },
    threads: statsThreads,
    onRows: (rows, total) => onProgress(rows / Math.max(1, total)),
  });
  const findings = noticesOf(report).sort(
    (one, other) => Number(one.kind === "note") - Number(other.kind === "note"),
  );
  return { stats: { ...report }, findings };
}
