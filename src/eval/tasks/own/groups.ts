/** One task for each combination of the values that results are wanted for, and groups over them. */
import type { Group } from "../../types.js";
import { type OwnRow, textOf } from "./rows.js";

/** The rows of one combination of values. */
export interface Cell {
  name: string;
  /** Values in the order of the fields. */
  values: readonly string[];
  rows: readonly OwnRow[];
}

/** @throws DataError for a row without one of the fields */
export function cellsOf(task: string, rows: readonly OwnRow[], fields: readonly string[]): Cell[] {
  const cells = new Map<string, { values: string[]; rows: OwnRow[] }>();
  for (const row of rows) {
    const values = fields.map((field) => textOf(row, field));
    const key = JSON.stringify(values);
    const cell = cells.get(key) ?? { values, rows: [] };
    cells.set(key, cell);
    cell.rows.push(row);
  }
  const names = uniqueNames();
  return [...cells.values()].map(({ values, rows }) => ({
    name: names([task, ...values].join("_")),
    values,
    rows,
  }));
}

/** The whole, and where there are several fields each value of each. */
export function groupsOf(
  task: string,
  version: string | number,
  cells: readonly Cell[],
  fields: readonly string[],
): Group[] {
  const group = (name: string, alias: string, members: readonly { name: string }[]): Group => ({
    name,
    alias,
    members: members.map((member) => member.name),
    version,
    average: "micro",
  });
  if (fields.length < 2) return [group(task, task, cells)];
  const names = uniqueNames([task, ...cells.map(({ name }) => name)]);
  const parts = fields.flatMap((field, place) =>
    [...new Set(cells.map(({ values }) => values[place]!))].map((value) =>
      group(
        names(`${task}_${field}_${value}`),
        `${field}: ${value}`,
        cells.filter(({ values }) => values[place] === value),
      ),
    ),
  );
  // In each of the fields all questions are found: each counts once.
  return [group(task, task, parts), ...parts];
}

/** Names that files may have; one that is taken gets a number. */
function uniqueNames(taken: Iterable<string> = []): (wanted: string) => string {
  const names = new Set(taken);
  return (wanted) => {
    const base = wanted.replace(/[^\p{L}\p{N}._-]+/gu, "_");
    let name = base;
    for (let i = 2; names.has(name); i++) name = `${base}_${i}`;
    names.add(name);
    return name;
  };
}
