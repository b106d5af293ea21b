/** The rows of a CSV file as JSONL, read by csv-parse. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { CsvError, type Parser, parse } from "csv-parse";
import { DataError } from "../../util/errors.js";
import { csvDialect } from "./csvDialect.js";
import { readCsvHead } from "./csvHead.js";
import { countBreaks } from "./lineBreaks.js";
import { numberWriter, openNumbers } from "./pagedNumbers.js";
import { maxRowBytes, tooLong } from "./readRow.js";

export interface TableJob {
  /** How errors name the file. */
  file: string;
  /** Where it is. */
  table: string;
  /** Folder for what is needed meanwhile. */
  scratch: string;
  /** JSONL file to write. */
  rows: string;
}

/** The lines that rows begin on, one row after another. */
export interface RowLines {
  next(): number;
  close(): void;
}

const chunkBytes = 1 << 20;

/** A record that goes on for longer is given up: its row would be too long however it is quoted. */
const maxRecordBytes = 2 * maxRowBytes;

/**
 * Writes one row a line, all cells as texts.
 * @returns the lines that rows begin on, which lie in {@link TableJob.scratch}
 * @throws DataError when the file has no header, is not UTF-8, or has a row of too many or too few
 *   cells, with an open quote, or over 16 MiB
 */
export async function rowsOfCsv(job: TableJob): Promise<RowLines> {
  const { delimiter, columns } = readCsvHead(job.table, job.file);
  const linesPath = join(job.scratch, "lines");
  const lines = numberWriter(linesPath);
  const output = await open(job.rows, "wx");
  try {
    const reader = recordReader(job.file, columns, (row, line) => {
      lines.push(line);
      written.push(row);
    });
    let written: string[] = [];
    const parser = parse({ ...csvDialect, delimiter, on_record: reader.take });
    parser.on("error", () => {}); // Each call that sends bytes is told.
    const utf8 = new TextDecoder("utf-8", { fatal: true });
    const give = async (bytes: Buffer | undefined) => {
      try {
        utf8.decode(bytes, { stream: bytes !== undefined });
      } catch (cause) {
        throw await notUtf8(job, cause);
      }
      await send(parser, bytes).catch((error: unknown) => {
        throw brokenCsv(job.file, reader.line, error);
      });
      reader.expectEnd(bytes?.length ?? 0);
      await output.writeFile(written.join(""));
      written = [];
    };
    for await (const chunk of createReadStream(job.table, { highWaterMark: chunkBytes })) {
      await give(chunk as Buffer);
    }
    await give(undefined);
    lines.finish();
  } catch (error) {
    lines.abandon();
    throw error;
  } finally {
    await output.close();
  }
  return linesOf(linesPath, lines.length);
}

function linesOf(path: string, length: number): RowLines {
  const numbers = openNumbers(path, length);
  let next = 0;
  return { next: () => numbers.at(next++), close: numbers.close };
}

/** Turns one record after another into rows, and knows on which line each begins. */
function recordReader(
  file: string,
  columns: readonly string[],
  emit: (row: string, line: number) => void,
) {
  const names = columns.map((name) => JSON.stringify(name));
  const isBlank = (record: string[]) => columns.length > 1 && record.length === 1 && !record[0];
  let line = 1;
  let isHeader = true;
  let openBytes = 0;
  return {
    /** Line that the next record begins on. */
    get line() {
      return line;
    },
    /** @returns null: the parser keeps nothing */
    take(record: string[]): null {
      const begin = line;
      line += record.reduce((sum, cell) => sum + countBreaks(cell), 1);
      openBytes = 0;
      if (!isHeader && !isBlank(record)) {
        checkCount(record, columns, `${file}:${begin}`);
        const cells = record.map((cell, at) => `${names[at]}:${JSON.stringify(cell)}`);
        const row = `{${cells.join(",")}}\n`;
        const bytes = 3 * row.length > maxRowBytes ? Buffer.byteLength(row) : 0;
        if (bytes > maxRowBytes) throw tooLong(bytes, `${file}:${begin}`);
        emit(row, begin);
      }
      isHeader = false;
      return null;
    },
    /** @throws DataError when a record has not ended within so many more bytes */
    expectEnd(bytes: number) {
      openBytes += bytes;
      if (openBytes > maxRecordBytes) throw tooLong(openBytes, `${file}:${line}`, false);
    },
  };
}

/** The parser's own calls back are made before it says that it took the bytes. */
function send(parser: Parser, bytes: Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (bytes === undefined) parser.end(done);
    else parser.write(bytes, done);
  });
}

function checkCount(record: readonly string[], { length }: readonly string[], place: string): void {
  if (record.length === length) return;
  const cells = (count: number) => `${count} ${count === 1 ? "cell" : "cells"}`;
  throw new DataError(`${place}: cannot be read as CSV`, {
    why: `the row has ${cells(record.length)}, and the header has ${length}`,
    todo: "correct the row; a cell with a comma, quote or line break is put in quotes, and its quotes are doubled",
  });
}

function brokenCsv(file: string, line: number, cause: unknown): unknown {
  if (!(cause instanceof CsvError)) return cause;
  const isOpen = cause.code === "CSV_QUOTE_NOT_CLOSED";
  return new DataError(`${file}:${line}: cannot be read as CSV`, {
    why: isOpen ? "a quote is opened in this row and never closed" : cause.message,
    todo: "correct the file, or write it again",
    cause,
  });
}

/** Names the line, which is looked for now. */
async function notUtf8({ file, table }: TableJob, cause: unknown): Promise<DataError> {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  try {
    for await (const chunk of createReadStream(table)) {
      const bytes = chunk as Buffer;
      for (let at = 0; at < bytes.length; ) {
        const end = bytes.indexOf(0x0a, at) + 1 || bytes.length;
        utf8.decode(bytes.subarray(at, end), { stream: true });
        if (bytes[end - 1] === 0x0a) line++;
        at = end;
      }
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  return new DataError(`${file}:${line}: not UTF-8`, {
    why: "the line has bytes that no UTF-8 text has",
    todo: "correct the line; where all are like it, convert the file with iconv, or name its --encoding",
    cause,
  });
}
