/** What kind a file is of, by its first bytes, and by its name where bytes cannot tell. */
import { DataError } from "../../util/errors.js";

/** `rows`: JSONL or a JSON array. */
export type FileKind = "rows" | "csv" | "parquet" | "arrow" | "gzip" | "zstd";

const compressed: readonly { start: number[]; kind: "gzip" | "zstd" }[] = [
  { start: [0x1f, 0x8b], kind: "gzip" },
  { start: [0x28, 0xb5, 0x2f, 0xfd], kind: "zstd" },
];

const tables: readonly { start: number[]; kind: "parquet" | "arrow" }[] = [
  { start: [0x50, 0x41, 0x52, 0x31], kind: "parquet" },
  { start: [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31], kind: "arrow" },
  // The stream format, which datasets writes.
  { start: [0xff, 0xff, 0xff, 0xff], kind: "arrow" },
];

const refused: readonly { start: number[]; what: string; todo: string }[] = [
  { start: [0x50, 0x4b, 0x03, 0x04], what: "a zip archive", todo: "unpack it with unzip" },
  { start: [0x42, 0x5a, 0x68], what: "compressed (bzip2)", todo: "unpack it with bunzip2" },
  {
    start: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
    what: "compressed (xz)",
    todo: "unpack it with unxz",
  },
  { start: [0x37, 0x7a, 0xbc, 0xaf], what: "a 7z archive", todo: "unpack it with 7z x" },
  { start: [0x52, 0x61, 0x72, 0x21], what: "a RAR archive", todo: "unpack it with unrar x" },
  { start: [0x04, 0x22, 0x4d, 0x18], what: "compressed (LZ4)", todo: "unpack it with unlz4" },
  {
    start: [0x46, 0x45, 0x41, 0x31],
    what: "a Feather file of version 1",
    todo: "write it again as version 2 with pyarrow.feather.write_feather, or as Parquet",
  },
  { start: [0x25, 0x50, 0x44, 0x46], what: "a PDF", todo: "extract its conversations as JSONL" },
  { start: [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65], what: "an SQLite file", todo: "export JSONL" },
];

/** By name, what neither has a known beginning nor begins as JSON: broken, but for CSV. */
const named: readonly { ending: RegExp; kind: FileKind }[] = [
  { ending: /\.[ct]sv(\.gz|\.gzip|\.zst|\.zstd)?$/i, kind: "csv" },
  { ending: /\.parquet(\.gz|\.gzip|\.zst|\.zstd)?$/i, kind: "parquet" },
  { ending: /\.(arrow|feather)(\.gz|\.gzip|\.zst|\.zstd)?$/i, kind: "arrow" },
];

/** Without its lowest four bits: what zstd's tools may put before the frames with data. */
const skippableFrame = 0x184d2a5;

const tarMark = { at: 257, text: "ustar" };

/** How bytes are compressed, if they are. @param bytes the first four or more */
export function compressionOf(bytes: Buffer): "gzip" | "zstd" | undefined {
  const known = compressed.find(({ start }) => startsWith(bytes, start));
  if (known) return known.kind;
  const isSkippable = bytes.length >= 4 && bytes.readUInt32LE(0) >>> 4 === skippableFrame;
  return isSkippable ? "zstd" : undefined;
}

/** Which kind of table bytes begin, whose texts are in UTF-8 always. @param bytes the first six or more */
export function tableKind(bytes: Buffer): "parquet" | "arrow" | undefined {
  return tables.find(({ start }) => startsWith(bytes, start))?.kind;
}

function startsWith(bytes: Buffer, start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

/**
 * @param bytes the file's first, some hundred or more
 * @throws DataError for a kind that conversations are not read from
 */
export function fileKind(bytes: Buffer, file: string): FileKind {
  const compression = compressionOf(bytes);
  if (compression) return compression;
  const table = tableKind(bytes);
  if (table) return table;
  const other = refused.find(({ start }) => startsWith(bytes, start));
  const { at, text } = tarMark;
  if (bytes.toString("latin1", at, at + text.length) === text) {
    throw refusal(file, "a tar archive", "unpack it with tar xf");
  }
  if (other) throw refusal(file, other.what, other.todo);
  if (/^(\xef\xbb\xbf)?\s*([[{]|$)/.test(bytes.toString("latin1", 0, 4096))) return "rows";
  return named.find(({ ending }) => ending.test(file))?.kind ?? "rows";
}

function refusal(file: string, what: string, todo: string): DataError {
  return new DataError(`${file} is ${what}`, {
    why:
      "conversations can be read from JSONL files (one JSON object per line), JSON arrays, CSV, " +
      "Parquet and Arrow files, plain or compressed with gzip or zstd",
    todo,
  });
}
