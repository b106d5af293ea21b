/** Several files as one long list of conversations. */
import type { Conversation, Source } from "../text/index.js";
import { ChangedDataError, ConfigError, DataError } from "../util/errors.js";
import type { JsonValue } from "../util/json/index.js";
import { lastAtMost, runningSum } from "../util/runningSum.js";
import type { ConversationFormat } from "./formats/format.js";
import { detectFormat, formatNamed } from "./formats/formats.js";
import { type ReadOptions, readConversation, type WholeRow } from "./readConversation.js";
import { checkColumns, type RowNames, renamedRow } from "./renamedRows.js";
import { type FileState, openRowFile, type RowFile } from "./rowFile/index.js";
import { type ResolveOptions, resolveSources } from "./sources/index.js";

export interface SourceOptions extends ReadOptions, ResolveOptions, RowNames {
  /** Name of the format of all files. Default: detected for each file from its first rows. */
  format?: string | undefined;
  /** Encoding of the files' texts: `gb18030`, `big5`, …. Default UTF-8. */
  encoding?: string | undefined;
  /**
   * Stops where a file's content changes while it is read, and notes what it was: `true` from now on;
   * or since the files had these states, by name.
   */
  watch?: true | Readonly<Record<string, FileState>> | undefined;
  /** Called with the number of bytes indexed so far, over all files. */
  onProgress?: ((bytes: number) => void) | undefined;
}

/** A file of a source. */
export interface SourceFile {
  file: string;
  rows: number;
  bytes: number;
  format: string;
  /** What it was when it was opened, where it is watched. */
  state?: FileState;
}

/** Random access to conversations; opening reads the files once to find the rows. */
export interface ConversationSource {
  readonly rows: number;
  readonly bytes: number;
  readonly files: readonly SourceFile[];
  /** Where a row is, without reading it. */
  place(row: number): Source;
  /**
   * @param row 0-based, counted across the files in their order
   * @throws DataError naming file and line
   */
  read(row: number): Promise<Conversation>;
  /** The same, with the keys of the row that its format does not use. */
  readWhole(row: number): Promise<WholeRow>;
  /**
   * The row as it is in the file, parsed.
   * @throws DataError naming file and line when it is not JSON in UTF-8
   */
  readValue(row: number): Promise<JsonValue>;
  /** Size of a row in its file in bytes, decompressed. */
  rowBytes(row: number): number;
  /** The bytes of a row, which may not be valid JSON. */
  readBytes(row: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Number of rows used to detect the format of a file. */
const detectionRows = 16;

/**
 * @param files whatever {@link resolveSources} accepts: files, folders, glob patterns, URLs
 * @throws ConfigError for an unknown format
 * @throws DataError when a file cannot be read, has no rows, or rows of no known format
 */
export async function openConversations(
  files: readonly string[],
  options: SourceOptions = {},
): Promise<ConversationSource> {
  const named = options.format === undefined ? undefined : formatNamed(options.format);
  if (files.length === 0) throw new ConfigError("no data file is given");
  const opened: { rowFile: RowFile; format: ConversationFormat; first: number }[] = [];
  let rows = 0;
  let bytes = 0;
  const close = async () => {
    for (const { rowFile } of opened) await rowFile.close();
  };
  try {
    for (const file of await resolveSources(files, options)) {
      const before = bytes;
      const rowFile = await openRowFile(file, {
        encoding: options.encoding,
        watch: watchOf(options, file),
        onProgress: (done) => options.onProgress?.(before + done),
      });
      const entry = { rowFile, format: formatNamed("messages"), first: rows };
      opened.push(entry);
      if (rowFile.rows === 0) {
        throw new DataError(`${file}: contains no rows`, {
          todo: "check that it is the right file",
        });
      }
      await checkColumns(rowFile, options);
      entry.format = named ?? (await formatOf(rowFile, options));
      rows += rowFile.rows;
      bytes += rowFile.bytes;
    }
  } catch (error) {
    await close();
    throw error;
  }
  const firsts = runningSum(opened.map(({ rowFile }) => rowFile.rows));
  const find = (row: number) => opened[lastAtMost(firsts, row)]!;
  const place = (row: number): Source => {
    const { rowFile, first } = find(row);
    return { file: rowFile.file, line: rowFile.line(row - first) };
  };
  const readWhole = async (row: number): Promise<WholeRow> => {
    const { rowFile, format, first } = find(row);
    const value = renamedRow(await rowFile.read(row - first), options);
    return readConversation(value, format, options, place(row));
  };
  return {
    rows,
    bytes,
    files: opened.map(({ rowFile, format }) => ({
      file: rowFile.file,
      rows: rowFile.rows,
      bytes: rowFile.bytes,
      format: format.name,
      ...(rowFile.state ? { state: rowFile.state } : {}),
    })),
    place,
    read: async (row) => (await readWhole(row)).conversation,
    readWhole,
    async readValue(row) {
      const { rowFile, first } = find(row);
      return renamedRow(await rowFile.read(row - first), options);
    },
    rowBytes(row) {
      const { rowFile, first } = find(row);
      return rowFile.rowBytes(row - first);
    },
    readBytes(row) {
      const { rowFile, first } = find(row);
      return rowFile.readBytes(row - first);
    },
    close,
  };
}

function watchOf({ watch }: SourceOptions, file: string): true | FileState | undefined {
  return watch === true || watch === undefined ? watch : (watch[file] ?? true);
}

/** Skips broken rows at the start when detecting the format. */
async function formatOf(rowFile: RowFile, names: RowNames): Promise<ConversationFormat> {
  const values: unknown[] = [];
  let broken: unknown;
  for (let row = 0; row < Math.min(detectionRows, rowFile.rows); row++) {
    try {
      values.push(renamedRow(await rowFile.read(row), names));
    } catch (error) {
      if (error instanceof ChangedDataError) throw error;
      broken ??= error;
    }
  }
  if (values.length === 0) throw broken;
  return detectFormat(values, rowFile.file);
}
