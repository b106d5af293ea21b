/** Micro-batches of a stream, one after another. */
import type { Conversation } from "../../text/index.js";
import { hashKey } from "../../util/hash.js";
import { rankShare } from "../batchPlan.js";
import type { EncodeRowsOptions } from "../encodeRows.js";
import { type MicroBatch, microBatchOf, type PlacedSequence, sortRows } from "../microBatch.js";
import { type ReadOptions, readConversation } from "../readConversation.js";
import { localEncoder } from "../rowEncoder.js";
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
  /** Rows held for shuffling. */
  shuffleBufferSize: number;
  rank?: number | undefined;
  worldSize?: number | undefined;
  onError?: "fail" | "skip" | undefined;
}

/** Rows that are encoded at once with packing. */
const rowsAtOnce = 32;

/**
 * Micro-batches from number `first` on. The rows before are read and thrown away; with packing they
 * are encoded too, since that alone tells where the micro-batches end. Files and URLs are read
 * again from their beginning for another epoch; where a pipe ends, so does this.
 */
export async function* streamBatches(
  options: StreamOptions,
  first: number,
): AsyncGenerator<MicroBatch> {
  const endless = (await Promise.all(options.files.map(canReopen))).every(Boolean);
  const start = { number: 0, first };
  for (let epoch = 0; epoch === 0 || endless; epoch++) {
    const { number: before } = start;
    let taught = false;
    const batches = options.packing ? packedBatches : rowBatches;
    for await (const batch of batches(epochRows(options, epoch), options, epoch, start)) {
      taught ||= batch.sequences.length > 0;
      yield batch;
    }
    // Another epoch of rows that all were left out would teach no more than this one.
    if (start.number === before || (start.number > first && !taught)) return;
  }
}

/** Where the numbering stands; what lies before `first` is not given out. */
interface Counter {
  number: number;
  readonly first: number;
}

function epochRows(options: StreamOptions, epoch: number): AsyncIterable<StreamRow> {
  const rows = streamRows(options.files, options.format);
  if (options.shuffle === false) return rows;
  return shuffleBuffer(rows, options.shuffleBufferSize, hashKey(options.seed, epoch));
}

async function* rowBatches(
  rows: AsyncIterable<StreamRow>,
  options: StreamOptions,
  epoch: number,
  counter: Counter,
): AsyncGenerator<MicroBatch> {
  const { batchSize, rank = 0, worldSize = 1 } = options;
  for await (const group of grouped(rows, batchSize * worldSize)) {
    const number = counter.number++;
    if (number < counter.first) continue;
    const own = group.slice(...rankShare(0, group.length, rank, worldSize));
    const { sequences, skipped } = await encode(own, options);
    yield microBatchOf(number, epoch, sequences, skipped);
  }
}

async function* packedBatches(
  rows: AsyncIterable<StreamRow>,
  options: StreamOptions,
  epoch: number,
  counter: Counter,
): AsyncGenerator<MicroBatch> {
  const { rank = 0, worldSize = 1 } = options;
  const budget = options.batchSize * options.maxSeqLength;
  let waiting: PlacedSequence[] = [];
  let tokens = 0;
  let left: MicroBatch["skipped"] = [];
  const finish = () => {
    const batch = microBatchOf(counter.number++, epoch, waiting, left);
    [waiting, tokens, left] = [[], 0, []];
    return batch;
  };
  for await (const group of grouped(rows, rowsAtOnce * worldSize)) {
    const own = group.slice(...rankShare(0, group.length, rank, worldSize));
    const { sequences, skipped } = await encode(own, options);
    left.push(...skipped);
    for (const sequence of sequences) {
      const { length } = sequence.inputIds;
      if (waiting.length > 0 && tokens + length > budget) {
        const batch = finish();
        if (batch.number >= counter.first) yield batch;
      }
      waiting.push(sequence);
      tokens += length;
    }
  }
  if (waiting.length === 0 && left.length === 0) return;
  const batch = finish();
  if (batch.number >= counter.first) yield batch;
}

async function* grouped<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let group: Item[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

async function encode(rows: readonly StreamRow[], options: StreamOptions) {
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
