/** Where each row of a file begins, found in one pass at the speed of the disk. */
import type { FileHandle } from "node:fs/promises";
import { DataError } from "../../util/errors.js";
import { NumberList } from "../numberList.js";
import { createArrayScanner } from "./arrayScanner.js";
import { createLineScanner } from "./lineScanner.js";
import type { RowScanner, RowSink } from "./rowScanner.js";

/** How a file holds its rows: one a line (JSONL), or as elements of one JSON array. */
export type RowLayout = "lines" | "array";

/** Eight bytes a row, and four more where a row's number does not tell its line. */
export interface RowIndex {
  layout: RowLayout;
  rows: number;
  /** Byte offset of each row, [rows + 1]; the last is where the rows end. */
  offsets: Float64Array;
  /** 1-based line of each row; undefined where row i is on line i + 1. */
  lines: Float64Array | undefined;
}

const chunkBytes = 4 << 20;

/**
 * Scans a file. Blank lines are no rows.
 * @param progress told the bytes read so far, after every chunk
 * @throws DataError when the file is compressed, is UTF-16, or is not the JSON array it begins as
 */
export async function buildRowIndex(
  handle: FileHandle,
  file: string,
  progress?: (bytes: number) => void,
): Promise<RowIndex> {
  const offsets = new NumberList();
  const lines = new NumberList();
  let linesNeeded = false;
  const sink: RowSink = {
    add(offset, line) {
      offsets.push(offset);
      if (!linesNeeded && line !== offsets.length) {
        linesNeeded = true;
        for (let row = 1; row < offsets.length; row++) lines.push(row);
      }
      if (linesNeeded) lines.push(line);
    },
  };
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let scanner: RowScanner | undefined;
  let layout: RowLayout = "lines";
  let position = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position);
    if (bytesRead === 0) break;
    let bytes = buffer.subarray(0, bytesRead);
    if (position === 0) {
      refuseOtherFiles(bytes, file);
      const mark = bytes.indexOf(byteOrderMark) === 0 ? byteOrderMark.length : 0;
      bytes = bytes.subarray(mark);
      layout = /^\s*\[/.test(bytes.toString("latin1", 0, 4096)) ? "array" : "lines";
      scanner =
        layout === "array" ? createArrayScanner(sink, mark, file) : createLineScanner(sink, mark);
    }
    scanner!.scan(bytes);
    position += bytesRead;
    progress?.(position);
  }
  scanner?.finish();
  const rows = offsets.length;
  offsets.push(position);
  return {
    layout,
    rows,
    offsets: offsets.toArray(),
    lines: linesNeeded ? lines.toArray() : undefined,
  };
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

const otherFiles: readonly { start: number[]; what: string; todo: string }[] = [
  { start: [0x1f, 0x8b], what: "is compressed (gzip)", todo: "unpack it with gunzip" },
  { start: [0x28, 0xb5, 0x2f, 0xfd], what: "is compressed (zstd)", todo: "unpack it with unzstd" },
  { start: [0x50, 0x4b, 0x03, 0x04], what: "is a zip archive", todo: "unpack it with unzip" },
  { start: [0x50, 0x41, 0x52, 0x31], what: "is Parquet", todo: "write it as JSONL" },
  { start: [0xff, 0xfe], what: "is UTF-16", todo: "convert it with iconv -f UTF-16 -t UTF-8" },
  { start: [0xfe, 0xff], what: "is UTF-16", todo: "convert it with iconv -f UTF-16 -t UTF-8" },
];

function refuseOtherFiles(bytes: Buffer, file: string): void {
  const other = otherFiles.find(({ start }) => start.every((byte, index) => bytes[index] === byte));
  if (!other) return;
  throw new DataError(`${file} ${other.what}`, {
    why: "conversations are read from JSONL files (one JSON object a line) or JSON arrays, in UTF-8",
    todo: other.todo,
  });
}
