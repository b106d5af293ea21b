/** One row's bytes as a value, with everything that can be wrong with them. */
import { DataError } from "../../util/errors.js";
import { visibleText } from "../../util/visibleText.js";

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
export function readRow(bytes: Buffer, place: string): unknown {
  const value = parse(decode(bytes, place), place);
  if (isDeeper(value, maxDepth)) {
    throw new DataError(`${place}: lists or objects are nested more than ${maxDepth} deep`, {
      why: "templates and converters process them recursively",
      todo: "correct or remove the row",
    });
  }
  return value;
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

function parse(text: string, place: string): unknown {
  try {
    return parseExactly(text);
  } catch (cause) {
    const onlyBegins = /^\s*\{\s*$/.test(text);
    const reason = cause instanceof Error ? shorten(cause.message) : String(cause);
    throw new DataError(`${place}: not valid JSON`, {
      why: onlyBegins ? "the object continues on the following lines" : reason,
      todo: onlyBegins
        ? "write each row on one line (for example with jq -c .), or all rows as one JSON array"
        : "correct or remove the row; a JSONL file has one complete JSON object per line",
      cause,
    });
  }
}

/**
 * JSON as a value; whole numbers that a number cannot hold exactly are texts.
 * @throws SyntaxError when it is not JSON
 */
export function parseExactly(json: string): unknown {
  const value: unknown = JSON.parse(json);
  return /\d{16}/.test(json) ? JSON.parse(quoteLargeIntegers(json)) : value;
}

/** Whole numbers from 2^53 on lose digits as numbers: they become texts. */
function quoteLargeIntegers(json: string): string {
  let quoted = "";
  for (let at = 0; at < json.length; ) {
    const start = json.indexOf('"', at);
    const outside = json.slice(at, start === -1 ? json.length : start);
    quoted += outside.replace(/(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g, (digits) =>
      Number.isSafeInteger(Number(digits)) ? digits : `"${digits}"`,
    );
    if (start === -1) break;
    at = stringEnd(json, start);
    quoted += json.slice(start, at);
  }
  return quoted;
}

/** Index behind the closing quote of the JSON string that begins at `start`. */
function stringEnd(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); ; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
}

/** V8 quotes the text around the error, line breaks and characters that steer a terminal and all. */
function shorten(message: string): string {
  const line = visibleText(message.replace(/\s+/g, " "));
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const inner of Object.values(value)) if (isDeeper(inner, levels - 1)) return true;
  return false;
}
