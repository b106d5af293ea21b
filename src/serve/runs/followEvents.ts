/** Reads an events file as it grows, a piece at a time. */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { type EventRow, parseRow } from "../../train/events/index.js";

/**
 * A place in an events file behind one of its rows. The row itself is part of it: where another one lies
 * there, an attempt has cut the file back, and the place is found by attempt and time.
 */
export interface Place {
  offset: number;
  attempt: number;
  time: number;
  /** Of the bytes before the offset. */
  print: string;
}

/** Before the first row. */
export const firstPlace: Place = { offset: 0, attempt: 0, time: 0, print: "" };

/** A place as text, for the id of an event. */
export function showPlace({ offset, attempt, time, print }: Place): string {
  return `${offset}-${attempt}-${Math.round(time * 1000)}-${print}`;
}

/** Reads what {@link showPlace} wrote; nothing for another text. */
export function readPlace(text: string): Place | undefined {
  const match = /^(\d{1,15})-(\d{1,9})-(\d{1,15})-([0-9a-f]{8}|)$/.exec(text);
  if (!match) return undefined;
  const [, offset, attempt, time, print = ""] = match;
  return { offset: Number(offset), attempt: Number(attempt), time: Number(time) / 1000, print };
}

/** An event with the place behind it. */
export interface PlacedRow {
  row: EventRow;
  place: Place;
}

/** What {@link readNewRows} found. */
export interface NewRows {
  rows: readonly PlacedRow[];
  /** Behind the last line that was read. */
  place: Place;
  /** Lines that are no events. */
  damaged: number;
  /** An attempt has cut the file back: these are its rows from the first on. */
  rewritten: boolean;
  /** There is more to read at once. */
  more: boolean;
}

/** Bytes that are read and parsed at once: some milliseconds of work. */
const pieceBytes = 1 << 18;

/** Bytes before a place that tell it from the same offset in another file. */
const printBytes = 96;

const newline = 0x0a;

/**
 * Rows of an events file behind a place, some 256 KiB of them. The last line counts once it is complete.
 *
 * @throws Error of the system where the file cannot be read
 */
export async function readNewRows(file: string, from: Place): Promise<NewRows> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const isSame = from.offset <= size && (await printAt(handle, from.offset)) === from.print;
    const start = isSame ? from.offset : 0;
    const first = Math.max(0, start - printBytes);
    const bytes = await readPiece(handle, first, start, size);
    const found = parsePiece(bytes, first, start, isSame ? from : firstPlace);
    return { ...found, rewritten: !isSame, more: first + bytes.length < size };
  } finally {
    await handle.close();
  }
}

/** At least one whole line behind `start`, if there is one. */
async function readPiece(
  handle: FileHandle,
  first: number,
  start: number,
  size: number,
): Promise<Buffer> {
  for (let length = pieceBytes; ; length *= 2) {
    const bytes = await readAt(handle, first, Math.min(size, start + length) - first);
    const isWhole = bytes.lastIndexOf(newline) >= start - first;
    if (isWhole || start + length >= size) return bytes;
  }
}

/** @param bytes from offset `first` on; those before `start` were read before */
function parsePiece(
  bytes: Buffer,
  first: number,
  start: number,
  from: Place,
): Pick<NewRows, "rows" | "place" | "damaged"> {
  const rows: PlacedRow[] = [];
  let damaged = 0;
  let place = from;
  let begin = start - first;
  for (let end = bytes.indexOf(newline, begin); end >= 0; end = bytes.indexOf(newline, begin)) {
    const line = bytes.toString("utf8", begin, end);
    begin = end + 1;
    const row = parseRow(line);
    if (!row && line.trim() !== "") damaged++;
    place = {
      offset: first + begin,
      attempt: row?.attempt ?? place.attempt,
      time: row?.time ?? place.time,
      print: printOf(bytes.subarray(Math.max(0, begin - printBytes), begin)),
    };
    if (row) rows.push({ row, place });
  }
  return { rows, place, damaged };
}

async function printAt(handle: FileHandle, offset: number): Promise<string> {
  const first = Math.max(0, offset - printBytes);
  return printOf(await readAt(handle, first, offset - first));
}

function printOf(bytes: Uint8Array): string {
  return bytes.length === 0 ? "" : createHash("sha256").update(bytes).digest("hex").slice(0, 8);
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
