/** Training data from a stream: the same micro-batches as from files, but only one after another. */
import { EnvironmentError } from "../../util/errors.js";
import { workerPool } from "../../util/workerPool.js";
import { type MicroBatch, microBatchOf } from "../microBatch.js";
import type { FileState } from "../rowFile/index.js";
import { usedBatches } from "../usedBatches.js";
import type { StreamOptions } from "./streamBatches.js";
import type { StreamWorkerSettings } from "./streamWorker.js";

export interface StreamingDataOptions extends StreamOptions {
  /** Where the thread loads the tokenizer from; the template goes by its name. */
  tokenizerPath: string;
  /** Micro-batches made ready beforehand. Default 4. */
  prefetch?: number | undefined;
}

export interface StreamingData {
  /** Infinity: unknown for a stream. */
  readonly rows: number;
  readonly microBatchesPerEpoch: number;
  /** The streams in order; of files, what they are. */
  readonly files: readonly { file: string; state?: FileState }[];
  /**
   * @param number one more than the last time; the first time any, and everything before it is read
   * and thrown away. Where the stream has ended, an empty micro-batch that says so.
   */
  microBatch(number: number): Promise<MicroBatch>;
  close(): Promise<void>;
}

/** Opens streams in a thread, which begins to read when the first micro-batch is asked for. */
export function openStreamingData(options: StreamingDataOptions): StreamingData {
  const { prefetch = 4, tokenizerPath, tokenizer, template, ...plain } = options;
  const pending: Promise<MicroBatch | undefined>[] = [];
  let pool: ReturnType<typeof startPool> | undefined;
  let next: number | undefined;
  const handOut = usedBatches();
  const startPool = (first: number) =>
    workerPool<StreamWorkerSettings, number, MicroBatch | undefined>(
      new URL("./streamWorker", import.meta.url),
      {
        options: plain,
        tokenizerPath,
        tokenizerOptions: tokenizer.options,
        templateName: template.name,
        templateVariables: template.variables,
        first,
      },
      1,
    );
  return {
    rows: Number.POSITIVE_INFINITY,
    microBatchesPerEpoch: Number.POSITIVE_INFINITY,
    files: plain.files.map((file) => {
      const state = plain.states?.[file];
      return { file, ...(state ? { state } : {}) };
    }),
    async microBatch(number) {
      next ??= number;
      if (number !== next) {
        throw new EnvironmentError(
          `micro-batch ${number} of a stream was requested after ${next - 1}`,
        );
      }
      next++;
      pool ??= startPool(number);
      while (pending.length <= prefetch) {
        const coming = pool.run(number + pending.length);
        // An error is reported when its micro-batch is requested, not earlier.
        coming.catch(() => {});
        pending.push(coming);
      }
      const batch = await pending.shift()!;
      if (batch) handOut(batch);
      return batch ?? { ...microBatchOf(number, 0, [], []), ended: true };
    },
    close: async () => pool?.close(),
  };
}
