/** Writes what stays, what goes and why. */
import { DataError } from "../../util/errors.js";
import { openConversations } from "../conversationSource.js";
import type { RowWriter } from "../rowWriter.js";
import { writeConversation } from "../writeConversation.js";
import type { KeptRow } from "./clusters.js";
import type { Method, ReadingOptions } from "./parameters.js";
import { readRows } from "./readRows.js";
import type { Records } from "./records.js";
import { locate } from "./rowTexts.js";
import type { SourceFile } from "./signatureFile.js";
import { readLeniently } from "./sourceFiles.js";

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
  files: readonly SourceFile[],
  records: Records,
): Promise<void> {
  const kept = await place(row, files, records);
  for (let from = 0; from < removed.length; from += membersInLine) {
    const members: object[] = [];
    for (const { row: member, similarity } of removed.slice(from, from + membersInLine)) {
      members.push({ ...(await place(member, files, records)), similarity: rounded(similarity) });
    }
    await writer.write({ cluster: number, size: removed.length + 1, kept, removed: members });
  }
}

async function place(row: number, files: readonly SourceFile[], records: Records) {
  return { file: locate(files, row).file, line: (await records.at(row)).line };
}

function rounded(similarity: number): number {
  return Math.round(similarity * 1e4) / 1e4;
}

export interface WrittenRows {
  rowsOut: number;
  duplicates: number;
  refused: number;
  /** The first refused rows' errors. */
  problems: DataError[];
}

const keptProblems = 20;
const progressRows = 1000;

/** Goes through all rows in order: each is written or listed, once. */
export async function writeRows(
  good: RowWriter,
  bad: RowWriter,
  files: readonly SourceFile[],
  records: Records,
  { kept, similarities }: Decisions,
  options: {
    method: Method;
    reading: ReadingOptions;
    onRows?: ((rows: number, total: number) => void) | undefined;
  },
): Promise<WrittenRows> {
  const result: WrittenRows = { rowsOut: 0, duplicates: 0, refused: 0, problems: [] };
  const reason = options.method === "exact" ? "duplicate" : "near duplicate";
  let start = 0;
  for (const { file, rows } of files) {
    const source = await openConversations([file], { ...options.reading, ...readLeniently });
    try {
      const refuse = async (row: number, error: DataError) => {
        result.refused++;
        if (result.problems.length < keptProblems) result.problems.push(error);
        await bad.write({ ...source.place(row), reason: error.message, why: error.why });
      };
      const staying = function* (): Generator<number> {
        for (let row = 0; row < rows; row++) if (kept[start + row] === start + row) yield row;
      };
      let done = 0;
      const listDuplicates = async (end: number) => {
        for (; done < end; done++) {
          const other = kept[start + done]!;
          if (other === start + done) continue;
          const similarity = rounded(similarities[start + done]!);
          const keptPlace = await place(other, files, records);
          await bad.write({ ...source.place(done), reason, kept: keptPlace, similarity });
          result.duplicates++;
        }
      };
      for await (const [row, whole] of readRows(source, staying())) {
        await listDuplicates(row);
        done = row + 1;
        if (done % progressRows === 0) options.onRows?.(start + done, kept.length);
        if (whole instanceof DataError) {
          await refuse(row, whole);
          continue;
        }
        let written: object;
        try {
          written = writeConversation(whole);
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          await refuse(row, error);
          continue;
        }
        await good.write(written);
        result.rowsOut++;
      }
      await listDuplicates(rows);
    } finally {
      await source.close();
    }
    start += rows;
  }
  return result;
}
