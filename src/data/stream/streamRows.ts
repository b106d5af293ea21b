/** Lines of a stream as rows, with the format that they are of. */
import type { Source } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import type { JsonValue } from "../../util/json/index.js";
import type { ConversationFormat } from "../formats/format.js";
import { detectFormat, formatNamed } from "../formats/formats.js";
import { refuseOtherEncoding } from "../rowFile/encoding.js";
import { fileKind } from "../rowFile/fileKind.js";
import type { FileState } from "../rowFile/index.js";
import { layoutOf } from "../rowFile/layout.js";
import { maxRowBytes, readRow, tooLong } from "../rowFile/readRow.js";
import { streamBytes } from "./streamBytes.js";

/** A row that is not parsed yet. */
export interface StreamRow {
  source: Source;
  format: ConversationFormat;
  /** Parses it. @throws DataError naming the place when it is not JSON in UTF-8, or is too long */
  value(): JsonValue;
}

export interface StreamRowOptions {
  /** Name of their format; default: found out stream by stream, from the first rows. */
  format?: string | undefined;
  /** What files among them were, by name; they may not change. */
  states?: Readonly<Record<string, FileState>> | undefined;
}

/** How many rows are looked at to find a stream's format. */
const detectionRows = 16;

/**
 * Rows of streams of JSONL, one stream after another.
 * @throws ConfigError for an unknown format
 * @throws DataError when a stream cannot be read, is a JSON array, or has rows of no known format
 */
export async function* streamRows(
  names: readonly string[],
  { format, states = {} }: StreamRowOptions,
): AsyncGenerator<StreamRow> {
  const named = format === undefined ? undefined : formatNamed(format);
  for (const name of names) {
    const waiting: Line[] = [];
    let known = named;
    for await (const line of streamLines(name, states[name])) {
      if (known) {
        yield { ...line, format: known };
        continue;
      }
      waiting.push(line);
      if (waiting.length < detectionRows) continue;
      known = formatOf(waiting, name);
      for (const first of waiting.splice(0)) yield { ...first, format: known };
    }
    if (waiting.length === 0) continue;
    const late = formatOf(waiting, name);
    for (const first of waiting) yield { ...first, format: late };
  }
}

type Line = Omit<StreamRow, "format">;

/** Lines that are not blank, counted from 1. Of a line that is too long nothing is held. */
async function* streamLines(name: string, state: FileState | undefined): AsyncGenerator<Line> {
  let line = 0;
  let isFirst = true;
  let parts: Buffer[] = [];
  let length = 0;
  const finish = (): Line | undefined => {
    line++;
    const bytes = Buffer.concat(parts);
    const whole = length;
    parts = [];
    length = 0;
    const source = { file: name, line };
    const place = `${name}:${line}`;
    if (whole > maxRowBytes) {
      const refuse = () => {
        throw tooLong(whole, place);
      };
      return { source, value: refuse };
    }
    const own = line === 1 && bytes.indexOf(byteOrderMark) === 0 ? bytes.subarray(3) : bytes;
    if (isBlank(own)) return undefined;
    if (isFirst) refuseOtherLayout(own, name);
    isFirst = false;
    return { source, value: () => readRow(own, place) };
  };
  let isChecked = false;
  for await (const chunk of streamBytes(name, state)) {
    if (!isChecked) expectRows(chunk, name);
    isChecked = true;
    let at = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, at)) {
      take(chunk.subarray(at, end));
      const row = finish();
      if (row) yield row;
      at = end + 1;
    }
    take(chunk.subarray(at));
  }
  if (length > 0) {
    const row = finish();
    if (row) yield row;
  }

  function take(bytes: Buffer): void {
    length += bytes.length;
    if (length > maxRowBytes) parts = [];
    else if (bytes.length > 0) parts.push(bytes);
  }
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte > 0x20) return false;
  return true;
}

/** Broken rows at the beginning do not hide the format of the others. */
function formatOf(lines: readonly Line[], name: string): ConversationFormat {
  const values: unknown[] = [];
  let broken: unknown;
  for (const line of lines) {
    try {
      values.push(line.value());
    } catch (error) {
      broken ??= error;
    }
  }
  if (values.length === 0) throw broken;
  return detectFormat(values, name);
}

/**
 * @param first the first line that is not blank
 * @throws DataError where rows are not one a line
 */
function refuseOtherLayout(first: Buffer, name: string): void {
  const layout = layoutOf(first);
  const isRow =
    layout === "lines" || (layout === "values" && first.toString("latin1").trimEnd().endsWith("]"));
  if (isRow) return;
  const what = layout === "array" ? "a JSON array" : "JSON over several lines";
  throw new DataError(`${name}: ${what} cannot be read as a stream`, {
    why: "a stream must have one JSON object per line (JSONL)",
    todo: "write one object per line, for example with jq -c '.[]'",
  });
}

/** @throws DataError when a stream begins as something else than rows of JSON */
function expectRows(start: Buffer, name: string): void {
  const kind = fileKind(start, name);
  if (kind === "rows") {
    refuseOtherEncoding(start, name);
    return;
  }
  const isNested = kind === "gzip" || kind === "zstd";
  const what = { csv: "CSV", parquet: "Parquet", arrow: "Arrow" };
  throw new DataError(
    `${name}: ${isNested ? `nested ${kind}` : what[kind]} cannot be read as a stream`,
    {
      why: "a stream must have one JSON object per line (JSONL), plain or compressed once",
      todo: isNested
        ? "decompress it once before streaming"
        : "give it as a file without streaming, or convert it first with ./tunewright data convert",
    },
  );
}
