/**
 * `metrics.csv`: a row for each step that has values, a column for each value, empty where a step
 * has none, as pandas and spreadsheets read it. The file follows from `events.jsonl`: each attempt
 * begins by making it anew, so steps that were done again appear once.
 */
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { join } from "node:path";
import { type EventRow, readEvents } from "../../train/index.js";
import { writeAllTo, writeFileAtomic } from "../../util/atomicFile.js";
import { metricsOf } from "../runs/index.js";
import type { Tracker, TrackerContext, TrackerKind } from "../tracker.js";
import { addToTable, headerOf, lineOf, newTable } from "./table.js";

const csvName = "metrics.csv";

export const csv: TrackerKind = {
  describe: (config) => join(config.output_dir, csvName),
  readsEvents: true,
  open: openCsv,
};

/** The file, open for its last line. */
interface CsvFile {
  descriptor: number;
  /** Where the line of the last row begins. */
  lastLine: number;
  length: number;
}

function openCsv({ runDirectory, events }: TrackerContext): Tracker {
  const path = join(runDirectory, csvName);
  let table = newTable();
  let file: CsvFile | undefined;

  /** Makes the whole file: at the start, and where a value comes that the header does not know. */
  const rewrite = () => {
    if (file) closeSync(file.descriptor);
    file = undefined;
    table = newTable();
    for (const row of readEvents(events)) add(row);
    const lines = [headerOf(table), ...table.rows.map((row) => lineOf(table, row))];
    writeFileAtomic(path, lines.join(""), { durable: false });
    const bytes = lines.map((line) => Buffer.byteLength(line));
    const length = bytes.reduce((sum, count) => sum + count, 0);
    const lastLine = table.rows.length > 0 ? length - bytes.at(-1)! : length;
    file = { descriptor: openSync(path, "r+"), lastLine, length };
    table.rows.splice(0, table.rows.length - 1);
  };
  const add = (row: EventRow) => {
    const metrics = metricsOf(row);
    return metrics && addToTable(table, row, metrics);
  };

  rewrite();
  return {
    handle(row) {
      const added = add(row);
      if (!added || !file) return;
      if (added.hasNewColumn) return rewrite();
      // A step that gets further values, as from an evaluation, is the last: its line is written again.
      if (added.isNewRow) file.lastLine = file.length;
      const line = Buffer.from(lineOf(table, table.rows.at(-1)!));
      writeAllTo(file.descriptor, line, file.lastLine);
      file.length = file.lastLine + line.length;
      ftruncateSync(file.descriptor, file.length);
      table.rows.splice(0, table.rows.length - 1);
    },
    close() {
      if (file) closeSync(file.descriptor);
    },
  };
}
