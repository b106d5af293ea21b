/**
 * Writes `events.jsonl`: one line an event, handed to the operating system at once. When a run goes
 * on from a checkpoint, rows after the checkpoint's step are moved to a side file, so that the main
 * file tells one course without gap or duplicate, and nothing is lost.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../util/atomicFile.js";
import { makeFolders } from "../../util/makeFolders.js";
import { finiteOrText } from "../finiteOrText.js";
import { openAppendLog } from "./appendLog.js";
import { parseRows } from "./read.js";
import type { EventRow, TrainingEvent, WarningEvent } from "./types.js";

/** Name of the events file inside a run directory. */
export const eventsName = "events.jsonl";

/** The side file of rows that an attempt has found void. */
export function cutEvents(runDirectory: string, attempt: number): string {
  return join(runDirectory, `events.cut-${attempt}.jsonl`);
}

export interface EventWriter {
  /** This process's number, counted from 1. */
  readonly attempt: number;
  /** Rows that were moved to the side file. */
  readonly rowsCut: number;
  /** Warnings of earlier attempts that stay on record. */
  readonly warnings: readonly EventRow<WarningEvent>[];
  /** Stores an event with its time and attempt, hands it to the readers, and returns the row. */
  write(event: TrainingEvent): EventRow;
  /** Makes what was written survive a power cut. */
  sync(): void;
  close(): void;
}

export interface EventWriterOptions {
  /** Step of the checkpoint that the run goes on from; rows after it are cut. */
  readonly resumeStep?: number;
  /** What of this step the checkpoint does not know of: its rows are cut too, with what follows them. */
  readonly missing?: readonly EventRow["type"][];
  /** Get each row after it was stored. */
  readonly readers?: readonly ((row: EventRow) => void)[];
  /** Told when the file cannot be written, for example because the disk is full; rows then wait. */
  readonly onError?: (error: unknown) => void;
  /** Seconds since 1970. */
  readonly now?: () => number;
}

/** Opens the events file of a run for appending, whatever an earlier attempt left there. */
export function openEventWriter(
  runDirectory: string,
  options: EventWriterOptions = {},
): EventWriter {
  const { readers = [], onError = () => {}, now = () => Date.now() / 1000 } = options;
  makeFolders(runDirectory);
  const file = join(runDirectory, eventsName);
  const { attempt, rowsCut, warnings } = cutBack(runDirectory, options);
  const log = openAppendLog(file, onError);
  return {
    attempt,
    rowsCut,
    warnings,
    write(event) {
      const row = { ...event, time: Math.round(now() * 1000) / 1000, attempt } as EventRow;
      log.append(`${JSON.stringify(row, finiteOrText)}\n`);
      for (const reader of readers) reader(row);
      return row;
    },
    sync: log.sync,
    close: log.close,
  };
}

/** Moves what does not belong to the course any more to `events.cut-ATTEMPT.jsonl`. */
function cutBack(
  runDirectory: string,
  { resumeStep = Number.POSITIVE_INFINITY, missing = [] }: EventWriterOptions,
): Pick<EventWriter, "attempt" | "rowsCut" | "warnings"> {
  const file = join(runDirectory, eventsName);
  if (!existsSync(file)) return { attempt: 1, rowsCut: 0, warnings: [] };
  const text = readFileSync(file, "utf8");
  const lines = parseRows(text);
  const attempt = 1 + Math.max(0, ...lines.map(({ row }) => row?.attempt ?? 0));
  const first = lines.findIndex(
    ({ row }) => row?.step === resumeStep && missing.includes(row.type),
  );
  const last = first < 0 ? Number.POSITIVE_INFINITY : first;
  const kept = lines.filter(
    ({ row }, i) => row && (row.step < resumeStep || (row.step === resumeStep && i < last)),
  );
  const cut = lines.filter((line) => !kept.includes(line));
  if (cut.length > 0) {
    putLines(cutEvents(runDirectory, attempt), cut);
    putLines(file, kept);
  }
  const warnings = kept.flatMap(({ row }) => (row?.type === "warning" ? [row] : []));
  return { attempt, rowsCut: cut.length, warnings };
}

function putLines(file: string, lines: readonly { line: string }[]): void {
  writeFileAtomic(file, lines.map(({ line }) => `${line}\n`).join(""));
}
