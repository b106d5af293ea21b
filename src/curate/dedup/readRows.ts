/** Rows of a file in order, several of them being read at a time. */
import type { ConversationSource, WholeRow } from "../../data/index.js";
import { DataError } from "../../util/errors.js";
import { mapInOrder } from "../../util/workerPool.js";

const ahead = 16;

/** A row that cannot be read comes as its error. */
export function readRows(
  source: ConversationSource,
  rows: Iterable<number>,
): AsyncGenerator<[row: number, whole: WholeRow | DataError]> {
  const read = async (row: number): Promise<[number, WholeRow | DataError]> => {
    try {
      return [row, await source.readWhole(row)];
    } catch (error) {
      if (error instanceof DataError) return [row, error];
      throw error;
    }
  };
  return mapInOrder(rows, read, ahead);
}
