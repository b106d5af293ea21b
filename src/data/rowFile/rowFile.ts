/** A file of rows that any row can be read from at once. */
import { realpathSync } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../../util/errors.js";
import type { JsonValue } from "../../util/json/index.js";
import { blockReader } from "./blockReader.js";
import { openEntry } from "./cacheEntry.js";
import { cacheFolder } from "./cacheFolder.js";
import { refuseOtherEncoding, strictDecoder } from "./encoding.js";
import { changedWhileRead, fileGuard } from "./fileGuard.js";
import { fileKind } from "./fileKind.js";
import { type FileState, fileState } from "./fileState.js";
import { fingerprint } from "./fingerprint.js";
import { DamagedNumbersError } from "./pagedNumbers.js";
import { type PrepareOptions, prepareRows, readSample, rowsName } from "./preparedRows.js";
import { maxRowBytes, readRow, tooLong } from "./readRow.js";
import { buildRowIndex, openRowIndex, type RowIndex, type RowIndexFacts } from "./rowIndex.js";
import { isSpace } from "./rowScanner.js";

export interface RowFile {
  readonly file: string;
  /** Size of the file. */
  readonly bytes: number;
  readonly rows: number;
  /** The file when it was opened, where it is watched. */
  readonly state: FileState | undefined;
  /**
   * 1-based line that a row begins on, in what the file holds unpacked. Its number where lines do not
   * tell rows apart: of Parquet and Arrow, and where several rows begin on one line.
   */
  line(row: number): number;
  /**
   * One row, parsed: floats, large integers and the order of keys as in the file.
   * @throws DataError naming file and line when it is not JSON in UTF-8
   */
  read(row: number): Promise<JsonValue>;
  /** Bytes that a row takes, unpacked; its line feed or comma is counted. */
  rowBytes(row: number): number;
  /**
   * The bytes of a row that is perhaps no JSON.
   * @throws DataError naming file and line when it is too long to be read
   */
  readBytes(row: number): Promise<Buffer>;
  close(): Promise<void>;
}

export interface RowFileOptions {
  /** Of its text, by its name in the Encoding Standard (`gb18030`, `big5`, …). Default UTF-8. */
  encoding?: string | undefined;
  /** For indexes and unpacked rows; see `cacheFolder`. */
  cache?: string | undefined;
  /** Told the bytes read so far while it is opened. */
  onProgress?: ((bytes: number) => void) | undefined;
  /**
   * Stops with a ChangedDataError where the file's content changes while its rows are read: from
   * now on, or since it had a state. Default: it is not looked at.
   */
  watch?: true | FileState | undefined;
}

/** The index of a file that is smaller is made faster than it is found, and is not stored. */
const storedIndexBytes = 16 << 20;

/** A file to read rows from, and where they are in it. */
interface IndexedFile {
  handle: FileHandle;
  index: RowIndex;
}

/**
 * Opens JSONL, a JSON array, CSV, Parquet or Arrow, plain or compressed with gzip or zstd. Plain JSONL and
 * arrays in UTF-8 are read in place; rows of other files are first written to the cache folder, as
 * is the index of a large file, and found there the next time.
 * @throws DataError when the file cannot be read, is broken, or is of another kind
 * @throws ConfigError for an unknown encoding
 * @throws EnvironmentError when the cache folder has too little space
 */
export async function openRowFile(file: string, options: RowFileOptions = {}): Promise<RowFile> {
  const encoding = otherThanUtf8(options.encoding);
  const handle = await openFile(file);
  try {
    const sample = await readSample(handle);
    const kind = fileKind(sample, file);
    const { size, mtimeMs } = await handle.stat();
    const state = await watchedState(file, handle, options.watch);
    if (kind === "rows" && encoding === undefined) {
      refuseOtherEncoding(sample, file);
      const index =
        size < storedIndexBytes
          ? await buildRowIndex(handle, file, { onProgress: options.onProgress })
          : await storedIndex(handle, file, options);
      const guard = state && fileGuard(file, handle, state);
      // Rows that were found in one state of the file and read in another are nobody's rows.
      await guard?.();
      const blame = async () => {
        const now = await handle.stat();
        if (now.size < size || now.mtimeMs !== mtimeMs) {
          throw changedWhileRead(file, { bytes: size }, now.size);
        }
      };
      return rowFile(file, size, { handle, index, state, guard, blame });
    }
    if (kind === "csv" && encoding === undefined) refuseOtherEncoding(sample, file);
    const { onProgress, cache } = options;
    const prepared = await preparedFile(handle, file, { kind, encoding, onProgress }, cache);
    await handle.close();
    return rowFile(file, size, { ...prepared, state });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The state that rows have to be of. @throws ChangedDataError where the file has another one already */
async function watchedState(
  file: string,
  handle: FileHandle,
  watch: RowFileOptions["watch"],
): Promise<FileState | undefined> {
  if (watch === undefined) return undefined;
  if (watch === true) return fileState(handle);
  await fileGuard(file, handle, watch)();
  return watch;
}

interface OpenedFile extends IndexedFile {
  state: FileState | undefined;
  /** Called after each read of a file that is read in place and watched. */
  guard?: (() => Promise<void>) | undefined;
  /** Called before a row of a file that is read in place is called bad. */
  blame?: (() => Promise<void>) | undefined;
}

function rowFile(
  file: string,
  bytes: number,
  { handle, index, state, guard, blame }: OpenedFile,
): RowFile {
  const { rows, offsets, lines, layout, linesShared } = index;
  const reader = blockReader(handle);
  const isNumber = lines === undefined || linesShared;
  const line = (row: number) => (isNumber ? row + 1 : undamaged(() => lines.at(row)));
  const rowBytes = (row: number) =>
    undamaged(() => offsets.at(row + 1)) - undamaged(() => offsets.at(row));
  const readBytes = async (row: number) => {
    const place = `${file}:${line(row)}`;
    const length = rowBytes(row);
    if (length > maxRowBytes) throw tooLong(length, place);
    const buffer = await reader.read(
      undamaged(() => offsets.at(row)),
      length,
    );
    await guard?.();
    if (buffer.length < length) {
      if (!blame) throw damagedCache("rows are missing at the end of it");
      throw changedWhileRead(file, { bytes }, (await handle.stat()).size);
    }
    return layout === "lines" ? buffer : buffer.subarray(0, elementEnd(buffer));
  };
  return {
    file,
    bytes,
    rows,
    state,
    line,
    rowBytes,
    readBytes,
    async read(row) {
      const bytes = await readBytes(row);
      try {
        return readRow(bytes, `${file}:${line(row)}`);
      } catch (error) {
        await blame?.();
        throw error;
      }
    },
    async close() {
      index.close();
      await handle.close();
    },
  };
}

function storedIndex(
  handle: FileHandle,
  file: string,
  { cache, onProgress }: RowFileOptions,
): Promise<RowIndex> {
  return openEntry<RowIndexFacts, RowIndex>({
    cache: cacheFolder(cache),
    source: realpathSync(file),
    variant: "index 2",
    fingerprint: () => fingerprint(handle),
    async make(folder) {
      const index = await buildRowIndex(handle, file, { folder, onProgress });
      index.close();
      return facts(index);
    },
    open: async (folder, known) => openRowIndex(folder, known),
    close: async (index) => index.close(),
  });
}

function preparedFile(
  handle: FileHandle,
  file: string,
  options: PrepareOptions,
  cache: string | undefined,
): Promise<IndexedFile> {
  const { kind, encoding } = options;
  const source = realpathSync(file);
  const openRows = (folder: string) => open(join(folder, rowsName), "r");
  return openEntry<RowIndexFacts, IndexedFile>({
    cache: cacheFolder(cache),
    source,
    variant: `rows 2 ${kind} ${encoding ?? "utf-8"}`,
    fingerprint: () => fingerprint(handle),
    async make(folder) {
      const scratch = join(folder, "scratch");
      await mkdir(scratch);
      const lines = await prepareRows(file, source, { folder, scratch }, options);
      const rows = await openRows(folder);
      try {
        const nextLine = lines === undefined ? undefined : () => lines.next();
        const index = await buildRowIndex(rows, file, { folder, nextLine });
        index.close();
        return facts(index);
      } finally {
        lines?.close();
        await rows.close();
        await rm(scratch, { recursive: true });
      }
    },
    async open(folder, known) {
      const rows = await openRows(folder);
      try {
        const index = openRowIndex(folder, known);
        const { size } = await rows.stat();
        const end = index.offsets.at(known.rows);
        const isWhole = known.layout === "lines" ? size === end : size >= end;
        if (!isWhole) throw new Error("the rows are not complete");
        return { handle: rows, index };
      } catch (error) {
        await rows.close();
        throw error;
      }
    },
    async close({ handle: rows, index }) {
      index.close();
      await rows.close();
    },
  });
}

function facts({ layout, rows, linesStored, linesShared }: RowIndexFacts): RowIndexFacts {
  return { layout, rows, linesStored, linesShared };
}

function otherThanUtf8(encoding: string | undefined): string | undefined {
  if (encoding === undefined) return undefined;
  const name = strictDecoder(encoding).encoding;
  return name === "utf-8" ? undefined : name;
}

/** Where a value ends, before the comma that follows it. */
function elementEnd(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && isSpace(bytes[end - 1]!)) end--;
  return bytes[end - 1] === 0x2c ? end - 1 : end;
}

function undamaged(number: () => number): number {
  try {
    return number();
  } catch (cause) {
    if (!(cause instanceof DamagedNumbersError)) throw cause;
    throw damagedCache(cause.message, cause);
  }
}

function damagedCache(why: string, cause?: unknown): DataError {
  return new DataError("the cached index of a data file is damaged", {
    why,
    todo: "delete the cache with ./tunewright data cache --clear and try again",
    cause,
  });
}

async function openFile(file: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    throw new DataError(`${file}: ${code === "ENOENT" ? "no such file" : "cannot be read"}`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo:
        code === "EACCES"
          ? "let this user read the file (chmod, chown), or name another"
          : "check the path (train_file, or the command's argument)",
      cause,
    });
  }
  const stats = await handle.stat();
  if (stats.isFile()) return handle;
  await handle.close();
  if (stats.isDirectory()) {
    throw new DataError(`${file}: is a folder`, { todo: "give the files in it" });
  }
  throw new DataError(`${file}: is not a regular file`, {
    why: "rows are read in random order, which is impossible for a pipe or device",
    todo: "write its content to a file first",
  });
}
