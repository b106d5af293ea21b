/** Reads `events.jsonl`. */
import { existsSync, readFileSync } from "node:fs";
import type { EventRow } from "./types.js";

/**
 * Reads the rows of an events file, in order. A last line that a crash has torn, or any other line
 * that is no event, is passed over.
 *
 * @returns nothing where there is no file
 */
export function readEvents(file: string): EventRow[] {
  return existsSync(file) ? [...readEventsFile(file).rows] : [];
}

/** What an events file holds. */
export interface ReadEvents {
  readonly rows: readonly EventRow[];
  /** Lines that are no events; the end of a last line that is not complete yet does not count. */
  readonly damaged: number;
}

/** {@link readEvents} of a file that is there, with an account of what it passes over. */
export function readEventsFile(file: string): ReadEvents {
  const text = readFileSync(file, "utf8");
  const lines = parseRows(text);
  const rows = lines.flatMap(({ row }) => row ?? []);
  const isTorn = !text.endsWith("\n") && lines.length > 0 && lines.at(-1)!.row === undefined;
  return { rows, damaged: lines.length - rows.length - (isTorn ? 1 : 0) };
}

/** Lines of an events file, each with its row or, where it is no event, without. */
export function parseRows(text: string): { line: string; row: EventRow | undefined }[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => ({ line, row: parseRow(line) }));
}

/** The event of a line; nothing where it is none. */
export function parseRow(line: string): EventRow | undefined {
  try {
    const row: unknown = JSON.parse(line);
    return isRow(row) ? row : undefined;
  } catch {
    return undefined;
  }
}

function isRow(value: unknown): value is EventRow {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    typeof value.type === "string" &&
    "step" in value &&
    typeof value.step === "number" &&
    "attempt" in value &&
    typeof value.attempt === "number" &&
    "time" in value &&
    typeof value.time === "number"
  );
}
