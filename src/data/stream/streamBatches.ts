/** Micro-batches of a stream, one after another. */
import type { Conversation } from "../../text/index.js";
import { hashKey } from "../../util/hash.js";
import { rankShare } from "../batchPlan.js";
import type { EncodeRowsOptions } from "../encodeRows.js";
import { type MicroBatch, microBatchOf, sortRows } from "../microBatch.js";
import { type ReadOptions, readConversation } from "../readConversation.js";
import { localEncoder } from "../rowEncoder.js";
import type { FileState } from "../rowFile/index.js";
import { shuffleBuffer } from "./shuffleBuffer.js";
import { canReopen } from "./streamBytes.js";
import { type StreamRow, streamRows } from "./streamRows.js";

export interface StreamOptions extends ReadOptions, EncodeRowsOptions {
  /** Paths, `-` for standard input, or URLs. */
  files: readonly string[];
  format?: string | undefined;
  maxSeqLength: number;
  batchSize: number;
  packing?: boolean | undefined;
  seed: number;
  shuffle?: boolean | undefined;
  /** Rows in memory that shuffling draws from. */
  shuffleBufferSize: number;
  rank?: number | undefined;
  worldSize?: number | undefined;
  onError?: "fail" | "skip" | undefined;
  /**
   * What the files among the streams were, by name: reading stops with a ChangedDataError where one
   * has changed, and where it ended then.
   */
  states?: Readonly<Record<string, FileState>> | undefined;
}

/** Rows that are encoded at once with packing. */
const rowsAtOnce = 32;

/**
 * Micro-batches from number `first` on, equally many on every rank. The rows before are read and
 * thrown away; with packing they are encoded too, since that alone tells where the micro-batches
 * end. Files and URLs are read again from their beginning for another epoch; where a pipe ends, so
 * does this.
 */
export async function* streamBatches(
  options: StreamOptions,
  first: number,
): AsyncGenerator<MicroBatch> {
  const endless = (await Promise.all(options.files.map(canReopen))).every(Boolean);
  const batchesOf = options.packing ? packedBatches : rowBatches;
  let number = 0;
  let teaches = false;
  for (let epoch = 0; epoch === 0 || endless; epoch++) {
    for await (const batch of batchesOf(epochRows(options, epoch), options)) {
      const own = number++;
      if (own < first) continue;
      const { sequences, skipped } = await batch();
      teaches ||= sequences.length > 0;
      yield microBatchOf(own, epoch, sequences, skipped);
    }
    // Where all rows are left out, another epoch would teach no more than this one. What this rank
    // saw since it began or resumed does not decide: all ranks have to end at the same number.
    if (endless) teaches ||= await anyRowTeaches(options);
    if (!teaches) return;
  }
}

/** What one rank trains on at once, made when it is asked for. */
type BatchRows = () => Promise<EncodedBatch>;

/** Sequences, and rows that were left out. */
type EncodedBatch = ReturnType<typeof sortRows>;

function epochRows(options: StreamOptions, epoch: number): AsyncIterable<StreamRow> {
  const rows = streamRows(options.files, options);
  if (options.shuffle === false) return rows;
  return shuffleBuffer(rows, options.shuffleBufferSize, hashKey(options.seed, epoch));
}

/** One epoch; every rank encodes its share of each `batchSize * worldSize` rows. */
async function* rowBatches(
  rows: AsyncIterable<StreamRow>,
  options: StreamOptions,
): AsyncGenerator<BatchRows> {
  const { batchSize, rank = 0, worldSize = 1 } = options;
  for await (const chunk of chunksOf(rows, batchSize * worldSize)) {
    const share = chunk.slice(...rankShare(0, chunk.length, rank, worldSize));
    yield () => encode(share, options);
  }
}

/**
 * One epoch. Every rank packs all rows, so that all of them know the same packed rows, and takes one
 * of each `worldSize`: had each packed rows of its own, some would run out before others. So
 * `worldSize` ranks train at once on what one would train on in `worldSize` micro-batches.
 */
async function* packedBatches(
  rows: AsyncIterable<StreamRow>,
  options: StreamOptions,
): AsyncGenerator<BatchRows> {
  const { rank = 0, worldSize = 1 } = options;
  for await (const chunk of chunksOf(packedRows(rows, options), worldSize)) {
    yield async () => chunk[rank] ?? { sequences: [], skipped: [] };
  }
}

/** Packed rows of up to `batchSize * maxSeqLength` tokens, in the order of the stream. */
async function* packedRows(
  rows: AsyncIterable<StreamRow>,
  options: StreamOptions,
): AsyncGenerator<EncodedBatch> {
  const budget = options.batchSize * options.maxSeqLength;
  let packed: EncodedBatch = { sequences: [], skipped: [] };
  let tokens = 0;
  for await (const chunk of chunksOf(rows, rowsAtOnce)) {
    const { sequences, skipped } = await encode(chunk, options);
    packed.skipped.push(...skipped);
    for (const sequence of sequences) {
      const { length } = sequence.inputIds;
      if (packed.sequences.length > 0 && tokens + length > budget) {
        yield packed;
        packed = { sequences: [], skipped: [] };
        tokens = 0;
      }
      packed.sequences.push(sequence);
      tokens += length;
    }
  }
  if (packed.sequences.length > 0 || packed.skipped.length > 0) yield packed;
}

/** Whether any row at all gives something to learn from. */
async function anyRowTeaches(options: StreamOptions): Promise<boolean> {
  for await (const chunk of chunksOf(streamRows(options.files, options), rowsAtOnce)) {
    if ((await encode(chunk, options)).sequences.length > 0) return true;
  }
  return false;
}

async function* chunksOf<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let chunk: Item[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

async function encode(rows: readonly StreamRow[], options: StreamOptions): Promise<EncodedBatch> {
  const source = {
    place: (row: number) => rows[row]!.source,
    async read(row: number): Promise<Conversation> {
      const { value, format, source: place } = rows[row]!;
      return readConversation(value(), format, options, place).conversation;
    },
  };
  const results = await localEncoder(source, options).encode([...rows.keys()]);
  return sortRows(results, options.onError);
}
