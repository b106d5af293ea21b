/** The files whose rows are compared: how many rows they have, and whether they are still the same. */
import { open } from "node:fs/promises";
import { fingerprint, openConversations } from "../../data/index.js";
import { ConfigError, DataError } from "../../util/errors.js";
import type { ReadingOptions } from "./parameters.js";
import type { SourceFile } from "./signatureFile.js";

/** Rows that can be numbered with 32 bits. */
const mostRows = 2 ** 32 - 1;

/**
 * Counts rows file by file, so that one file's index is in memory at a time.
 * @throws DataError when a file cannot be read; ConfigError when there are too many rows
 */
export async function describeFiles(
  files: readonly string[],
  reading: ReadingOptions,
): Promise<SourceFile[]> {
  const described: SourceFile[] = [];
  let rows = 0;
  for (const file of files) {
    const source = await openConversations([file], { ...reading, ...readLeniently });
    rows += source.rows;
    const count = source.rows;
    await source.close();
    const handle = await open(file);
    try {
      const { bytes, content } = await fingerprint(handle);
      described.push({ file, rows: count, bytes, content });
    } finally {
      await handle.close();
    }
  }
  if (rows > mostRows) {
    throw new ConfigError(`${rows} rows are too many to compare at once`, {
      why: `rows are numbered with 32 bits, so at most ${mostRows} are possible`,
      todo: "deduplicate parts of the data first",
    });
  }
  return described;
}

/** What cleaning would object to is compared all the same: only unreadable rows are refused. */
export const readLeniently = { checked: false, pairs: "keep" } as const;

/** Rows of a shard: contiguous, and as many as every other shard's, give or take one. */
export function shardRange(rows: number, shard: number, shards: number): [number, number] {
  return [Math.floor((rows * shard) / shards), Math.floor((rows * (shard + 1)) / shards)];
}

export interface FilePart {
  /** Index of the file. */
  index: number;
  file: string;
  /** Rows of the file, [from, to). */
  from: number;
  to: number;
}

/** The parts of files that a range of rows lies in, at most `most` rows each. */
export function* fileParts(
  files: readonly SourceFile[],
  first: number,
  end: number,
  most: number,
): Generator<FilePart> {
  let start = 0;
  for (const [index, { file, rows }] of files.entries()) {
    const last = Math.min(rows, end - start);
    for (let from = Math.max(0, first - start); from < last; from += most) {
      yield { index, file, from, to: Math.min(last, from + most) };
    }
    start += rows;
  }
}

/** @throws DataError when signatures were made from other files */
export function checkSameFiles(
  now: readonly SourceFile[],
  then: readonly SourceFile[],
  path: string,
): void {
  const different = now.find(({ rows, bytes, content }, index) => {
    const other = then[index];
    return other?.rows !== rows || other.bytes !== bytes || other.content !== content;
  });
  if (different === undefined && now.length === then.length) return;
  throw new DataError(`${path}: the signatures belong to other data`, {
    why: different
      ? `${different.file} has changed since they were computed`
      : `they were computed from ${then.length} files, but now there are ${now.length}`,
    todo: "give the same files in the same order, or delete the folder and compute the signatures again",
  });
}
