/** Gives texts that wait their rows, as memory allows. */
import type { PreparedModel } from "../../models/index.js";
import { bytesPerToken, copyBeginning, type RowStorage, rebuild, widthFor } from "./storage.js";
import { findBeginning, freeRow, mostTokens, type Row, type Text } from "./texts.js";

/** What admission looks at and changes. */
export interface Admission {
  prepared: PreparedModel;
  storage: RowStorage;
  /** By their places in the storage. */
  rows: Row[];
  /** In the order in which they came. */
  waiting: Text[];
  /** Most texts at once. */
  mostRows: number;
  /** Most bytes of keys and values. */
  memoryBytes: number;
  steps: number;
}

/**
 * Gives rows to the texts that wait, the first first. One whose beginning another text is about to
 * compute is passed over until it can be copied.
 */
export function admit(admission: Admission): void {
  const { waiting } = admission;
  for (let i = 0; i < waiting.length; ) {
    const text = waiting[i]!;
    const beginning = findBeginning(admission.prepared, admission.rows, text.ids);
    if (beginning.comesSoon) {
      i++;
      continue;
    }
    if (!makeRoom(admission, mostTokens(text))) return;
    waiting.splice(i, 1);
    place(admission, text);
  }
}

/** Puts a text into the free row that loses the least, with the beginning that others hold of it. */
function place({ prepared, storage, rows, steps }: Admission, text: Text): void {
  // Rows may have changed their places, or have been given up, to make room.
  const { from, shared } = findBeginning(prepared, rows, text.ids);
  const free = rows.filter((row) => row.text === null);
  const oldest = free.reduce((best, row) => (row.used < best.used ? row : best));
  const row = from?.text === null ? from : oldest;
  if (from && from !== row) copyBeginning(storage, rows.indexOf(from), rows.indexOf(row), shared);
  const length = text.ids.length;
  Object.assign(row, { ids: text.ids, held: shared, rotatedFor: length, text, used: steps });
}

/**
 * Makes sure that a text of `tokens` finds a free row that is wide enough, however long the texts that
 * are being computed become.
 *
 * @returns false where memory or the number of rows do not allow it now
 */
function makeRoom(admission: Admission, tokens: number): boolean {
  const { prepared, storage, rows, mostRows, memoryBytes } = admission;
  const busy = rows.filter((row) => row.text !== null);
  if (busy.length >= mostRows) return false;
  const width = widthFor(Math.max(tokens, ...busy.map(({ text }) => mostTokens(text!))));
  if (width <= storage.width && busy.length < rows.length) return true;
  const fitting = Math.floor(memoryBytes / (width * bytesPerToken(prepared)));
  if (fitting <= busy.length) return false;
  const wanted = Math.max(2 * busy.length, rows.length, 1);
  const count = Math.max(busy.length + 1, Math.min(wanted, fitting, mostRows));
  const kept = [...busy, ...newestFree(rows)].slice(0, count);
  const places = kept.map((row) => rows.indexOf(row));
  rebuild(prepared, storage, { rows: count, width, kept: places });
  admission.rows = Array.from({ length: count }, (_, i) => kept[i] ?? freeRow());
  return true;
}

function newestFree(rows: readonly Row[]): Row[] {
  return rows.filter(({ text }) => text === null).sort((a, b) => b.used - a.used);
}
