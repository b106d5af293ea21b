/** A file of rows that any row can be read from at once. */
import { type FileHandle, open } from "node:fs/promises";
import { DataError } from "../../util/errors.js";
import { buildRowIndex, type RowIndex } from "./rowIndex.js";
import { isSpace } from "./rowScanner.js";

/**
 * Longer rows are refused: a million tokens have five megabytes, and encoding a row takes over a
 * hundred times its size in memory.
 */
const maxRowBytes = 16 << 20;

const maxDepth = 100;

export interface RowFile {
  readonly file: string;
  readonly bytes: number;
  readonly rows: number;
  /** 1-based line that a row begins on. */
  line(row: number): number;
  /**
   * One row, parsed.
   * @throws DataError naming file and line when it is not JSON in UTF-8
   */
  read(row: number): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Opens a JSONL file or a JSON array, with an index of eight bytes a row in memory.
 * @throws DataError when the file cannot be read or is of another kind
 */
export async function openRowFile(
  file: string,
  progress?: (bytes: number) => void,
): Promise<RowFile> {
  const handle = await openFile(file);
  let index: RowIndex;
  try {
    index = await buildRowIndex(handle, file, progress);
  } catch (error) {
    await handle.close();
    throw error;
  }
  const { rows, offsets, lines, layout } = index;
  const line = (row: number) => lines?.[row] ?? row + 1;
  return {
    file,
    bytes: offsets[rows]!,
    rows,
    line,
    async read(row) {
      const place = `${file}:${line(row)}`;
      const from = offsets[row]!;
      const length = offsets[row + 1]! - from;
      if (length > maxRowBytes) {
        throw new DataError(`${place}: the row is ${Math.round(length / 1e6)} MB long`, {
          why: `a row may have up to ${maxRowBytes >> 20} MiB`,
          todo: "check whether line breaks are missing, or split or remove the row",
        });
      }
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(buffer, 0, length, from);
      if (bytesRead < length) {
        throw new DataError(`${place}: the file is shorter than when it was opened`, {
          why: "another program changed it",
          todo: "start again when nothing writes to the file",
        });
      }
      const own = layout === "array" ? buffer.subarray(0, elementEnd(buffer)) : buffer;
      const value = parse(decode(own, place), place);
      if (isDeeper(value, maxDepth)) {
        throw new DataError(`${place}: lists or objects are nested more than ${maxDepth} deep`, {
          why: "templates and converters go through them level by level",
          todo: "correct or remove the row",
        });
      }
      return value;
    },
    close: () => handle.close(),
  };
}

/** Where an array's element ends, before the comma or bracket that follows it. */
function elementEnd(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && isSpace(bytes[end - 1]!)) end--;
  return bytes[end - 1] === 0x2c || bytes[end - 1] === 0x5d ? end - 1 : end;
}

async function openFile(file: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    throw new DataError(`${file}: ${code === "ENOENT" ? "no such file" : "cannot be read"}`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "check the path (train_file, or the command's argument)",
      cause,
    });
  }
  if ((await handle.stat()).isDirectory()) {
    await handle.close();
    throw new DataError(`${file}: is a folder`, { todo: "name the files in it" });
  }
  return handle;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Buffer, place: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new DataError(`${place}: not UTF-8`, {
      why: "the row has bytes that no UTF-8 text has",
      todo: "convert the file, e.g. iconv -f GB18030 -t UTF-8, or remove the row",
      cause,
    });
  }
}

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${place}: not JSON`, {
      why: cause instanceof Error ? shorten(cause.message) : String(cause),
      todo: "correct or remove the row; a JSONL file has one complete JSON object a line",
      cause,
    });
  }
}

/** V8 quotes the text around the error, line breaks and all. */
function shorten(message: string): string {
  const line = message.replace(/\s+/g, " ");
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const inner of Object.values(value)) if (isDeeper(inner, levels - 1)) return true;
  return false;
}
