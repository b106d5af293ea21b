/** Where each row of a file begins, found in one pass at the speed of the disk. */
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { layoutOf, type RowLayout } from "./layout.js";
import { createLineScanner } from "./lineScanner.js";
import { type Numbers, type NumberWriter, numberWriter, openNumbers } from "./pagedNumbers.js";
import type { RowScanner, RowSink } from "./rowScanner.js";
import { createValueScanner } from "./valueScanner.js";

/** What is known of an index beside its numbers. */
export interface RowIndexFacts {
  layout: RowLayout;
  rows: number;
  /** Whether the lines of rows are stored, because row i is not always on line i + 1. */
  linesStored: boolean;
  /** Whether several rows begin on one line, so that lines do not tell them apart. */
  linesShared: boolean;
}

/** Eight bytes a row, and eight more where a row's number does not tell its line. */
export interface RowIndex extends RowIndexFacts {
  /** Byte offset of each row, [rows + 1]; the last is where the rows end. */
  readonly offsets: Numbers;
  /** 1-based line of each row, [rows]; undefined where row i is on line i + 1. */
  readonly lines: Numbers | undefined;
  close(): void;
}

export interface IndexOptions {
  /** Where to write the numbers, as two files. Undefined keeps them in memory. */
  folder?: string | undefined;
  /** The 1-based line of one row after another, where the file was made from another one. */
  nextLine?: (() => number) | undefined;
  /** Told the bytes read so far, after every chunk. */
  onProgress?: ((bytes: number) => void) | undefined;
}

const chunkBytes = 4 << 20;

/**
 * Scans a file. Blank lines are no rows.
 * @param file how errors name it
 * @throws DataError when it is not the JSON array or object it begins as
 */
export async function buildRowIndex(
  handle: FileHandle,
  file: string,
  { folder, nextLine, onProgress }: IndexOptions = {},
): Promise<RowIndex> {
  const offsets = numberWriter(offsetsPath(folder));
  let lines: NumberWriter | undefined;
  let linesShared = false;
  let lastLine = 0;
  const sink: RowSink = {
    add(offset, scannedLine) {
      const row = offsets.length;
      const line = nextLine === undefined ? scannedLine : nextLine();
      offsets.push(offset);
      linesShared ||= line === lastLine;
      lastLine = line;
      if (lines === undefined && line !== row + 1) {
        lines = numberWriter(linesPath(folder));
        for (let before = 1; before <= row; before++) lines.push(before);
      }
      lines?.push(line);
    },
  };
  try {
    const { layout, end } = await scan(handle, file, sink, onProgress);
    const facts = { layout, rows: offsets.length, linesStored: lines !== undefined, linesShared };
    offsets.push(end);
    const finished = { offsets: offsets.finish(), lines: lines?.finish() };
    if (folder !== undefined) return openRowIndex(folder, facts);
    return { ...facts, offsets: finished.offsets!, lines: finished.lines, close() {} };
  } catch (error) {
    offsets.abandon();
    lines?.abandon();
    throw error;
  }
}

/**
 * Opens an index that {@link buildRowIndex} wrote.
 * @throws DamagedNumbersError, or an Error of the system, when it is not as it was written
 */
export function openRowIndex(folder: string, facts: RowIndexFacts): RowIndex {
  const offsets = openNumbers(offsetsPath(folder), facts.rows + 1);
  try {
    const lines = facts.linesStored ? openNumbers(linesPath(folder), facts.rows) : undefined;
    const close = () => {
      offsets.close();
      lines?.close();
    };
    return { ...facts, offsets, lines, close };
  } catch (error) {
    offsets.close();
    throw error;
  }
}

function offsetsPath(folder: string): string;
function offsetsPath(folder: string | undefined): string | undefined;
function offsetsPath(folder: string | undefined): string | undefined {
  return folder === undefined ? undefined : join(folder, "offsets");
}

function linesPath(folder: string): string;
function linesPath(folder: string | undefined): string | undefined;
function linesPath(folder: string | undefined): string | undefined {
  return folder === undefined ? undefined : join(folder, "lines");
}

async function scan(
  handle: FileHandle,
  file: string,
  sink: RowSink,
  onProgress: ((bytes: number) => void) | undefined,
): Promise<{ layout: RowLayout; end: number }> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let scanner: RowScanner | undefined;
  let layout: RowLayout = "lines";
  let position = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position);
    if (bytesRead === 0) break;
    let bytes = buffer.subarray(0, bytesRead);
    if (position === 0) {
      const mark = bytes.indexOf(byteOrderMark) === 0 ? byteOrderMark.length : 0;
      bytes = bytes.subarray(mark);
      layout = layoutOf(bytes);
      scanner =
        layout === "lines"
          ? createLineScanner(sink, mark)
          : createValueScanner(layout, sink, mark, file);
    }
    scanner!.scan(bytes);
    position += bytesRead;
    onProgress?.(position);
  }
  return { layout, end: scanner?.finish() ?? position };
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
