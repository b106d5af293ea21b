/** One row's bytes as a value, with everything that can be wrong with them. */
import { DataError } from "../../util/errors.js";
import { entriesOf, isJsonObject, type JsonValue, parseJson } from "../../util/json/index.js";

/**
 * Longer rows are refused: a million tokens have five megabytes, and encoding a row takes over a
 * hundred times its size in memory.
 */
export const maxRowBytes = 16 << 20;

const maxDepth = 100;

/**
 * @param place file and line, for errors
 * @throws DataError when it is not JSON in UTF-8, or is nested too deep
 */
export function readRow(bytes: Buffer, place: string): JsonValue {
  const value = parse(decode(bytes, place), place);
  expectDepth(value, `${place}: `);
  return value;
}

/** @throws DataError when lists or objects are nested over 100 deep */
export function expectDepth(value: JsonValue, place: string): void {
  if (!isDeeper(value, maxDepth)) return;
  throw new DataError(`${place}lists or objects are nested more than ${maxDepth} deep`, {
    why: "templates and converters process them recursively",
    todo: "correct or remove the row",
  });
}

/**
 * The error for a row that is too long to be read.
 * @param isWhole whether `length` is the whole length
 */
export function tooLong(length: number, place: string, isWhole = true): DataError {
  const megabytes = `${isWhole ? "" : "over "}${Math.round(length / 1e6)} MB`;
  return new DataError(`${place}: the row is ${megabytes} long`, {
    why: `the limit is ${maxRowBytes >> 20} MiB per row`,
    todo: "check whether line breaks are missing, or split or remove the row",
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Buffer, place: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    const isText = !bytes.includes(0);
    throw new DataError(`${place}: not UTF-8`, {
      why: isText
        ? "the row has bytes that are not valid in UTF-8"
        : "the row has bytes that do not occur in text: the file seems to be an image, an archive or similar",
      todo: isText
        ? "correct or remove the row; if all rows are like this, convert the file with iconv"
        : "give the file that contains the conversations",
      cause,
    });
  }
}

function parse(text: string, place: string): JsonValue {
  try {
    return parseJson(text);
  } catch (cause) {
    const onlyBegins = /^\s*\{\s*$/.test(text);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${place}: not valid JSON`, {
      why: onlyBegins ? "the object continues on the following lines" : reason,
      todo: onlyBegins
        ? "write each row on one line (for example with jq -c .), or all rows as one JSON array"
        : "correct or remove the row; a JSONL file has one complete JSON object per line",
      cause,
    });
  }
}

function isDeeper(value: JsonValue, levels: number): boolean {
  if (Array.isArray(value)) {
    return levels === 0 || value.some((inner) => isDeeper(inner, levels - 1));
  }
  if (!isJsonObject(value)) return false;
  return levels === 0 || entriesOf(value).some(([, inner]) => isDeeper(inner, levels - 1));
}
