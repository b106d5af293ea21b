/** Entry of the threads that clean: batches of rows in, bytes and counts out. */
import { type JobFunction, Transferred } from "../../util/workerPool.js";
import {
  type BatchCleanerSettings,
  type CleanedBatch,
  openBatchCleaner,
  type RowRange,
} from "./batchCleaner.js";

export async function setup(
  settings: BatchCleanerSettings,
): Promise<JobFunction<RowRange, CleanedBatch>> {
  const cleaner = await openBatchCleaner(settings);
  return async (range) => {
    const batch = await cleaner.clean(range);
    return new Transferred(batch, [
      batch.kept.buffer as ArrayBuffer,
      batch.rejected.buffer as ArrayBuffer,
    ]);
  };
}
