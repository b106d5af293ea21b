/** A table of values by step, and its lines as CSV (RFC 4180, with line feeds). */
import type { EventRow } from "../../train/index.js";
import type { Metrics } from "../runs/index.js";

export interface TableRow {
  step: number;
  /** Seconds since 1970, of the first event of this step. */
  time: number;
  values: Map<string, number>;
}

export interface Table {
  /** Names of values, in the order in which they came. */
  columns: string[];
  rows: TableRow[];
}

export function newTable(): Table {
  return { columns: [], rows: [] };
}

/** Puts values into the row of their step: the last one, or a new one behind it. */
export function addToTable(
  table: Table,
  { step, time }: EventRow,
  metrics: Metrics,
): { isNewRow: boolean; hasNewColumn: boolean } {
  const last = table.rows.at(-1);
  const isNewRow = last?.step !== step;
  const row = isNewRow ? { step, time, values: new Map<string, number>() } : last;
  if (isNewRow) table.rows.push(row);
  const newColumns = Object.keys(metrics).filter((name) => !table.columns.includes(name));
  table.columns.push(...newColumns);
  for (const [name, value] of Object.entries(metrics)) row.values.set(name, value);
  return { isNewRow, hasNewColumn: newColumns.length > 0 };
}

export function headerOf({ columns }: Table): string {
  return joined(["step", "time", ...columns]);
}

export function lineOf({ columns }: Table, { step, time, values }: TableRow): string {
  // Without T and Z, which spreadsheets do not read as a time. It is UTC.
  const moment = new Date(time * 1000).toISOString().slice(0, -1).replace("T", " ");
  return joined([step, moment, ...columns.map((name) => values.get(name) ?? "")]);
}

function joined(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => quoted(String(cell))).join(",")}\n`;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
