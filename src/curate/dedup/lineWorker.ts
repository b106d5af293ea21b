/** What a thread does when the result is written: reads the rows that stay, and makes their lines. */
import { type ConversationSource, type WholeRow, writeConversation } from "../../data/index.js";
import { DataError } from "../../util/errors.js";
import { stringifyJson } from "../../util/json/index.js";
import type { ReadingOptions } from "./parameters.js";
import { type PartWork, partSetup, workOnFiles } from "./partPool.js";
import { readRows } from "./readRows.js";
import type { FilePart } from "./sourceFiles.js";

export interface LinePart extends FilePart {
  /** 1 for a row that stays, [to - from]. */
  stays: Uint8Array;
}

export interface MadeLines {
  /** The rows that stay, as JSONL. */
  jsonl: Uint8Array<ArrayBuffer>;
  /** Rows of it. */
  rows: number;
  /** Row of the file behind the last one that was done: the part's end, or before it where rows are long. */
  end: number;
  /** Line of each row that was done, [end - from]. */
  lines: Uint32Array<ArrayBuffer>;
  /** Those that should stay but cannot be written. */
  refused: { row: number; reason: string; why: string | undefined }[];
}

/** Characters of lines, or of one long line, that are made at a time. */
const mostCharacters = 1 << 20;

export function makePart(reading: ReadingOptions): PartWork<LinePart, MadeLines> {
  return workOnFiles(reading, makeLines);
}

export const setup = partSetup(makePart, ({ jsonl, lines }) => [jsonl.buffer, lines.buffer]);

const encoder = new TextEncoder();

async function makeLines(
  source: ConversationSource,
  { from, to, stays }: LinePart,
): Promise<MadeLines> {
  const made: string[] = [];
  const refused: MadeLines["refused"] = [];
  let characters = 0;
  let end = to;
  for await (const [row, read] of readRows(source, staying(from, stays))) {
    const line = read instanceof DataError ? read : lineOf(read);
    if (line instanceof DataError) {
      refused.push({ row, reason: line.message, why: line.why });
      continue;
    }
    made.push(line);
    characters += line.length;
    if (characters > mostCharacters) {
      end = row + 1;
      break;
    }
  }
  return {
    jsonl: encoder.encode(made.join("")),
    rows: made.length,
    end,
    refused,
    lines: Uint32Array.from({ length: end - from }, (_, index) => source.place(from + index).line),
  };
}

function lineOf(whole: WholeRow): string | DataError {
  try {
    return `${stringifyJson(writeConversation(whole))}\n`;
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

function* staying(from: number, stays: Uint8Array): Generator<number> {
  for (const [index, stay] of stays.entries()) if (stay === 1) yield from + index;
}
