/** The rows of a set of candidates that stay, found by their bands. */
import type { Banding } from "./bands.js";
import type { KeptRow } from "./clusters.js";
import { minhashAddon } from "./native.js";
import type { SignatureParameters } from "./parameters.js";
import type { RowRecord } from "./records.js";

export interface KeptRows {
  readonly rows: KeptRow[];
  /** The one that says the same as this row, letter for letter. */
  equalTo(record: RowRecord): KeptRow | undefined;
  /** Those that a row is compared with, in the order in which they were kept: where they are many, those of its bands. */
  candidates(record: RowRecord): Iterable<KeptRow>;
  add(row: number, record: RowRecord): void;
}

/** Rows that others are compared with, of all or of a band; a row that is like none of them stays. */
const mostInBand = 64;

export function keptRows(parameters: SignatureParameters, banding: Banding): KeptRows {
  const rows: KeptRow[] = [];
  const byDigest = new Map<string, KeptRow>();
  const byBand = new Map<bigint, number[]>();
  const keysOf = ({ signature }: RowRecord): Iterable<bigint> =>
    parameters.method === "minhash"
      ? minhashAddon().bandKeys(signature, signature.length, banding.bands, banding.rows)
      : [];
  return {
    rows,
    equalTo: ({ digest }) => byDigest.get(digest),
    candidates(record) {
      if (parameters.method !== "minhash" || rows.length <= mostInBand) return rows;
      const found = new Set<number>();
      for (const key of keysOf(record)) for (const index of byBand.get(key) ?? []) found.add(index);
      return [...found].sort((a, b) => a - b).map((index) => rows[index]!);
    },
    add(row, record) {
      const kept = { row, removed: [] };
      byDigest.set(record.digest, kept);
      for (const key of keysOf(record)) {
        const inBand = byBand.get(key);
        if (inBand === undefined) byBand.set(key, [rows.length]);
        else if (inBand.length < mostInBand) inBand.push(rows.length);
      }
      rows.push(kept);
    },
  };
}
