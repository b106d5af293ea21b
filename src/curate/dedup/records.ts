/** The records of all shards as one list, by the number of the row. */
import { lastAtMost, runningSum } from "../../util/runningSum.js";
import { digestBytes } from "./comparedText.js";
import { type SignatureParameters, signatureWords } from "./parameters.js";
import { recordBytes, recordFields, recordHead, type SignatureFile } from "./signatureFile.js";

/** Two rows that are candidates, the smaller second. */
export type Edge = readonly [row: number, other: number];

export interface RowRecord {
  length: number;
  turns: number;
  line: number;
  refused: boolean;
  /** Equal for rows that say the same. */
  digest: string;
  signature: Uint32Array;
}

export interface RecordBlock {
  firstRow: number;
  rows: number;
  bytes: Buffer;
}

export interface Records {
  readonly rows: number;
  readonly parameters: SignatureParameters;
  /** One row's record; the last few thousand are kept. */
  at(row: number): RowRecord;
  /** All records in their order. */
  blocks(): Generator<RecordBlock>;
}

const blockBytes = 2 << 20;
const keptRecords = 4096;

export function openRecords(shards: readonly SignatureFile[]): Records {
  const [{ header }] = shards as [SignatureFile];
  const { parameters } = header;
  const size = recordBytes(parameters);
  const words = signatureWords(parameters);
  const firsts = runningSum(shards.map((shard) => shard.header.rows));
  const rows = firsts.at(-1)!;
  const kept = new Map<number, RowRecord>();
  return {
    rows,
    parameters,
    at(row) {
      const known = kept.get(row);
      if (known) return known;
      const shard = shards[lastAtMost(firsts, row)]!;
      const record = parse(shard.read(row - shard.header.firstRow, 1), 0, words);
      if (kept.size >= keptRecords) kept.delete(kept.keys().next().value!);
      kept.set(row, record);
      return record;
    },
    *blocks() {
      const most = Math.max(1, Math.floor(blockBytes / size));
      for (const { header: own, read } of shards) {
        for (let from = 0; from < own.rows; from += most) {
          const count = Math.min(most, own.rows - from);
          yield { firstRow: own.firstRow + from, rows: count, bytes: read(from, count) };
        }
      }
    },
  };
}

function parse(bytes: Buffer, at: number, words: number): RowRecord {
  const start = bytes.byteOffset + at + recordHead;
  return {
    length: bytes.readUInt32LE(at + recordFields.length),
    turns: bytes.readUInt32LE(at + recordFields.turns),
    line: bytes.readUInt32LE(at + recordFields.line),
    refused: bytes.readUInt32LE(at + recordFields.state) !== 0,
    digest: bytes.toString("latin1", at, at + digestBytes),
    signature: new Uint32Array(bytes.buffer.slice(start, start + 4 * words)),
  };
}

/**
 * What the signatures say about the similarity of two rows: the share of equal numbers (MinHash, an
 * estimate of the Jaccard similarity), of equal bits (SimHash), or 1 (equal texts).
 */
export function estimatedSimilarity(
  one: Uint32Array,
  other: Uint32Array,
  { method }: Pick<SignatureParameters, "method">,
): number {
  if (method === "exact") return 1;
  let equal = 0;
  if (method === "minhash") {
    for (let index = 0; index < one.length; index++) if (one[index] === other[index]) equal++;
    return equal / one.length;
  }
  for (let index = 0; index < one.length; index++) {
    let different = one[index]! ^ other[index]!;
    while (different !== 0) {
      different &= different - 1;
      equal++;
    }
  }
  return 1 - equal / 64;
}
