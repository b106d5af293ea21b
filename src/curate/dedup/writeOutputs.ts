/** Writes what stays, what goes and why. */
import type { FileHandle } from "node:fs/promises";
import type { RowWriter } from "../../data/index.js";
import { DataError } from "../../util/errors.js";
import { mapInOrder } from "../../util/workerPool.js";
import type { KeptRow } from "./clusters.js";
import type { LinePart, MadeLines } from "./lineWorker.js";
import type { Method, ReadingOptions } from "./parameters.js";
import { partPool, partRows } from "./partPool.js";
import type { PlaceOf } from "./places.js";
import type { SourceFile } from "./signatureFile.js";
import { type FilePart, fileParts } from "./sourceFiles.js";

export interface Decisions {
  /** The row that stands for each row: itself where it stays, [rows]. */
  kept: Uint32Array;
  /** Of each row to the one that stands for it, [rows]. */
  similarities: Float32Array;
}

/** Members in one line of the list; a larger cluster goes on in lines of the same number. */
const membersInLine = 10_000;

export async function writeCluster(
  writer: RowWriter,
  number: number,
  { row, removed }: KeptRow,
  similarities: Float32Array,
  placeOf: PlaceOf,
): Promise<void> {
  const kept = placeOf(row);
  for (let from = 0; from < removed.length; from += membersInLine) {
    const members: object[] = [];
    for (const member of removed.slice(from, from + membersInLine)) {
      const similarity = rounded(similarities[member]!);
      members.push({ ...placeOf(member), similarity });
    }
    await writer.write({ cluster: number, size: removed.length + 1, kept, removed: members });
  }
}

function rounded(similarity: number): number {
  return Math.round(similarity * 1e4) / 1e4;
}

export interface WritingOptions {
  method: Method;
  reading: ReadingOptions;
  threads: number;
  onRows?: ((rows: number, total: number) => void) | undefined;
}

export interface WrittenRows {
  rowsOut: number;
  duplicates: number;
  refused: number;
  /** The first refused rows' errors. */
  problems: DataError[];
}

const keptProblems = 20;

/** Goes through all rows in order: each is written or listed, once. */
export async function writeRows(
  good: FileHandle,
  bad: RowWriter,
  files: readonly SourceFile[],
  placeOf: PlaceOf,
  { kept, similarities }: Decisions,
  { method, reading, threads, onRows }: WritingOptions,
): Promise<WrittenRows> {
  const result: WrittenRows = { rowsOut: 0, duplicates: 0, refused: 0, problems: [] };
  const reason = method === "exact" ? "duplicate" : "near duplicate";
  const listRows = async ({ file, from, first }: GlobalPart, made: MadeLines) => {
    const refusals = new Map(made.refused.map((refused) => [refused.row, refused]));
    for (let row = from; row < made.end; row++) {
      const number = first + row - from;
      const place = { file, line: made.lines[row - from]! };
      const other = kept[number]!;
      const refused = refusals.get(row);
      if (other !== number) {
        result.duplicates++;
        const similarity = rounded(similarities[number]!);
        await bad.write({ ...place, reason, kept: placeOf(other), similarity });
      } else if (refused) {
        result.refused++;
        const { reason: what, why } = refused;
        if (result.problems.length < keptProblems) {
          result.problems.push(new DataError(what, why === undefined ? {} : { why }));
        }
        await bad.write({ ...place, reason: what, why });
      }
    }
  };
  const pool = await partPool<ReadingOptions, LinePart, MadeLines>(
    new URL("./lineWorker", import.meta.url),
    () => import("./lineWorker.js"),
    reading,
    { threads, rows: kept.length },
  );
  const make = async (part: GlobalPart) => ({ part, made: await pool.run(jobOf(part, kept)) });
  try {
    for await (const begun of mapInOrder(globalParts(files, kept.length), make, pool.ahead)) {
      let { part, made } = begun;
      for (;;) {
        await good.appendFile(made.jsonl);
        result.rowsOut += made.rows;
        await listRows(part, made);
        onRows?.(part.first + made.end - part.from, kept.length);
        if (made.end === part.to) break;
        ({ part, made } = await make({
          ...part,
          from: made.end,
          first: part.first + made.end - part.from,
        }));
      }
    }
  } finally {
    await pool.close();
  }
  return result;
}

/** A part of a file, and the number of its first row counted through all files. */
interface GlobalPart extends FilePart {
  first: number;
}

function* globalParts(files: readonly SourceFile[], rows: number): Generator<GlobalPart> {
  let first = 0;
  for (const part of fileParts(files, 0, rows, partRows)) {
    yield { ...part, first };
    first += part.to - part.from;
  }
}

function jobOf({ first, ...part }: GlobalPart, kept: Uint32Array): LinePart {
  const stays = Uint8Array.from({ length: part.to - part.from }, (_, index) =>
    kept[first + index] === first + index ? 1 : 0,
  );
  return { ...part, stays };
}
