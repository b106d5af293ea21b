/**
 * Text that many rows have in common (templates around questions, examples before them, greetings): it
 * does not tell one row from another. It is counted in a sample that depends on the files alone, so
 * that every shard finds the same.
 */
import { DataError } from "../../util/errors.js";
import { sampleRows } from "../sampleRows.js";
import { rowParts, turnsText } from "./comparedText.js";
import { lossyCounter } from "./lossyCounter.js";
import type { SignatureParameters } from "./parameters.js";
import { openRowReader } from "./rowReader.js";
import type { SourceFile } from "./signatureFile.js";
import { shingleHashes } from "./signatures.js";

/** Rows that are counted, over all files; at least {@link leastRows} of each, where it has them. */
const countedRows = 4000;
const leastRows = 100;
/** Files beyond this number are counted together with their neighbours. */
const mostGroups = 100;
/** Text is common in no fewer rows than this, however few a file has. */
const fewestRows = 5;
/** Hashes that are kept; the most frequent where there are more. */
const mostCommon = 1 << 17;

type CountedFile = Pick<SourceFile, "file" | "rows">;

/**
 * Hashes of the shingles that a share of the rows of a file has, each row counted once; sorted. None
 * where everything is compared.
 * @throws DataError when a file cannot be opened
 */
export async function commonShingles(
  files: readonly CountedFile[],
  parameters: SignatureParameters,
): Promise<BigUint64Array> {
  if (parameters.compare === "all" || parameters.method === "exact") return new BigUint64Array(0);
  const counts = new Map<bigint, number>();
  const perGroup = Math.ceil(files.length / mostGroups);
  const groups = Math.ceil(files.length / perGroup);
  const wanted = Math.max(leastRows, Math.ceil(countedRows / groups));
  for (let group = 0; group < groups; group++) {
    const own = files.slice(group * perGroup, (group + 1) * perGroup);
    for (const [hash, rows] of await countGroup(own, parameters, wanted)) {
      counts.set(hash, Math.max(rows, counts.get(hash) ?? 0));
    }
  }
  const frequent = [...counts].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
  return BigUint64Array.from(frequent.slice(0, mostCommon), ([hash]) => hash).sort();
}

/** The hashes that are common in some files, and in how many of the rows that were counted. */
async function countGroup(
  files: readonly CountedFile[],
  parameters: SignatureParameters,
  wanted: number,
): Promise<[hash: bigint, rows: number][]> {
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const reader = openRowReader(files, parameters.reading);
  const counter = lossyCounter();
  let counted = 0;
  try {
    for (const row of sampleRows(rows, Math.min(wanted, rows), 0)) {
      const parts = await reader
        .read(row)
        .then((whole) => rowParts(whole, parameters.by))
        .catch((error: unknown) => {
          if (error instanceof DataError) return undefined;
          throw error;
        });
      if (parts === undefined) continue;
      counted++;
      // Apart, so that a shingle over their border stands for nothing.
      for (const text of [parts.opening, turnsText(parts)]) {
        if (text !== "") counter.add(shingleHashes(text, parameters));
      }
    }
  } finally {
    await reader.close();
  }
  return counter.atLeast(commonFrom(counted, parameters.commonShare));
}

/** Rows from which text is common: few rows may be copies of each other, forty are a template's. */
function commonFrom(rows: number, share: number | null): number {
  const most = share === null ? Math.min(rows / 10, Math.max(40, rows / 50)) : share * rows;
  return Math.max(fewestRows, Math.ceil(most));
}

/** Whether a sorted list has a hash. */
export function includesHash(sorted: BigUint64Array, hash: bigint): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < hash) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === hash;
}
