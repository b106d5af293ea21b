/** Gives texts that wait their rows, as memory allows. */
import type { PreparedModel } from "../../models/index.js";
import { countByClient, inTurn, type Served } from "./queue.js";
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
  served: Served;
  /** Texts that got a row so far. */
  turns: number;
  /** Most texts at once. */
  mostRows: number;
  /** Most bytes of keys and values. */
  memoryBytes: number;
  steps: number;
}

/** Texts that are passed over in one step; to look at more takes longer than it gains. */
const MOST_PASSED = 64;

/**
 * Gives rows to the texts that wait, as clients take turns. One whose beginning another text is about to
 * compute is passed over until it can be copied.
 */
export function admit(admission: Admission): void {
  const { waiting, served } = admission;
  const running = countByClient(admission.rows.flatMap(({ text }) => text ?? []));
  const admitted = new Set<Text>();
  let passed = 0;
  for (const text of inTurn(waiting, running, served)) {
    const beginning = findBeginning(admission.prepared, admission.rows, text.ids);
    if (beginning.comesSoon && passed++ < MOST_PASSED) continue;
    if (beginning.comesSoon || !makeRoom(admission, mostTokens(text))) break;
    place(admission, text);
    admitted.add(text);
    running.set(text.client, (running.get(text.client) ?? 0) + 1);
    served.set(text.client, admission.turns++);
  }
  admission.waiting = waiting.filter((text) => !admitted.has(text));
  if (admission.waiting.length === 0) served.clear();
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
  text.cachedTokens = shared;
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
