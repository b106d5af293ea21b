/** Rows that meet in a band, where their keys fit into memory: sorted, band after band. */
import type { Banding } from "./bands.js";
import { keysOf } from "./keyColumns.js";
import { minhashAddon } from "./native.js";
import type { Edge, Records } from "./records.js";

/** The same edges as the joins in DuckDB give, in another order. */
export async function* joinInMemory(records: Records, banding: Banding): AsyncGenerator<Edge[]> {
  const numbers = new Uint32Array(records.rows);
  const columns = Array.from({ length: banding.bands }, () => new BigUint64Array(records.rows));
  let count = 0;
  for (const block of records.blocks()) {
    const { rows, keys } = keysOf(block, records.parameters, banding);
    numbers.set(rows, count);
    for (const [band, column] of columns.entries()) column.set(keys[band]!, count);
    count += rows.length;
  }
  for (const column of columns) {
    const pairs = minhashAddon().equalKeys(column.subarray(0, count));
    yield Array.from(
      { length: pairs.length / 2 },
      (_, index): Edge => [numbers[pairs[2 * index]!]!, numbers[pairs[2 * index + 1]!]!],
    );
  }
}
