/** Encodes rows by number: in this thread, or in worker threads that open the files themselves. */
import type { Source } from "../text/index.js";
import type { DataError } from "../util/errors.js";
import { type PlainError, plainError, revivedError } from "../util/plainError.js";
import { Transferred, workerPool } from "../util/workerPool.js";
import type { ConversationSource } from "./conversationSource.js";
import { type EncodeRowsOptions, encodeRows, type RowResult } from "./encodeRows.js";
import type { LeftOut } from "./leftOut.js";

/** One sequence of a row, without what only displays need. */
export interface EncodedSequence {
  /** [length] */
  inputIds: Int32Array;
  /** [length]; -100 where nothing is learnt. */
  labels: Int32Array;
  labelledTokens: number;
  truncated: boolean;
  /** What its row says and no sequence holds: at the row's first one, where there is anything. */
  leftOut?: LeftOut;
}

/** The sequences of a row, or why it cannot be trained on. `dropped` says why there are none. */
export type EncodedRow =
  | { ok: true; source: Source; sequences: EncodedSequence[]; dropped?: string }
  | { ok: false; source: Source; error: DataError };

function isAnything({ reasoning, keys, joined }: LeftOut): boolean {
  return reasoning > 0 || joined > 0 || keys.length > 0;
}

export interface RowEncoder {
  /** The results are in the order of `rows`. */
  encode(rows: readonly number[]): Promise<EncodedRow[]>;
  close(): Promise<void>;
}

/** @param source is left open by `close` */
export function localEncoder(
  source: Pick<ConversationSource, "read" | "place">,
  options: EncodeRowsOptions,
): RowEncoder {
  const thrifty = { ...options, exactLengths: false };
  return {
    encode: async (rows) => (await encodeRows(source, rows, thrifty)).map(encodedRow),
    close: async () => {},
  };
}

export function encodedRow(result: RowResult): EncodedRow {
  if (!result.ok) return result;
  return {
    ok: true,
    source: result.source,
    ...(result.dropped === undefined ? {} : { dropped: result.dropped }),
    sequences: result.encoded.map(({ inputIds, labels, labelledTokens, truncated }, index) => ({
      inputIds,
      labels,
      labelledTokens,
      truncated,
      ...(index === 0 && isAnything(result.leftOut) ? { leftOut: result.leftOut } : {}),
    })),
  };
}

/** Rows as they cross a thread: all ids in one buffer, all labels in another. */
export interface PackedRows {
  ids: Int32Array;
  labels: Int32Array;
  rows: (
    | {
        source: Source;
        dropped?: string;
        sequences: (Omit<EncodedSequence, "inputIds" | "labels"> & { length: number })[];
      }
    | { source: Source; error: PlainError }
  )[];
}

/** @returns buffers that are moved, not copied */
export function packRows(results: readonly EncodedRow[]): Transferred<PackedRows> {
  let tokens = 0;
  for (const row of results) {
    if (row.ok) for (const { inputIds } of row.sequences) tokens += inputIds.length;
  }
  const ids = new Int32Array(tokens);
  const labels = new Int32Array(tokens);
  let at = 0;
  const rows = results.map((row): PackedRows["rows"][number] => {
    if (!row.ok) return { source: row.source, error: plainError(row.error) };
    return {
      source: row.source,
      ...(row.dropped === undefined ? {} : { dropped: row.dropped }),
      sequences: row.sequences.map((sequence) => {
        const { inputIds, labels: own, ...rest } = sequence;
        ids.set(inputIds, at);
        labels.set(own, at);
        at += inputIds.length;
        return { ...rest, length: inputIds.length };
      }),
    };
  });
  return new Transferred({ ids, labels, rows }, [ids.buffer, labels.buffer]);
}

/** What {@link packRows} packed; sequences are views of its buffers. */
export function unpackRows({ ids, labels, rows }: PackedRows): EncodedRow[] {
  let at = 0;
  return rows.map((row): EncodedRow => {
    const { source } = row;
    if ("error" in row) return { ok: false, source, error: revivedError(row.error) as DataError };
    return {
      ok: true,
      source,
      ...(row.dropped === undefined ? {} : { dropped: row.dropped }),
      sequences: row.sequences.map(({ length, ...rest }) => {
        const inputIds = ids.subarray(at, at + length);
        const own = labels.subarray(at, at + length);
        at += length;
        return { ...rest, inputIds, labels: own };
      }),
    };
  });
}

/** Rows of one job: enough that its overhead does not count, few enough to share a span out. */
const rowsPerJob = 32;

/**
 * Encoder in worker threads. Until the first of them is ready, `meanwhile` encodes; which of them
 * does makes no difference to the result.
 * @param settings a structured clone of it reaches `encodeWorker`
 */
export function threadedEncoder(
  settings: unknown,
  threads: number,
  meanwhile: RowEncoder,
): RowEncoder {
  const pool = workerPool<unknown, readonly number[], PackedRows>(
    new URL("./encodeWorker", import.meta.url),
    settings,
    threads,
    // Native encoding of one job goes on while the next is read and rendered.
    { jobsAtOnce: 2, youngHeap: 8 },
  );
  let ready = false;
  let failure: unknown;
  pool.run([]).then(
    () => {
      ready = true;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  return {
    async encode(rows) {
      if (failure !== undefined) throw failure;
      if (!ready) return meanwhile.encode(rows);
      const jobs: Promise<PackedRows>[] = [];
      for (let at = 0; at < rows.length; at += rowsPerJob) {
        jobs.push(pool.run(rows.slice(at, at + rowsPerJob)));
      }
      return (await Promise.all(jobs)).flatMap(unpackRows);
    },
    close: () => pool.close(),
  };
}
