/** `expectNoLeak`: what the tests of training and serving wrap a step of theirs in. */
import { liveTensors, trimMemory } from "../src/tensor/index.js";

export interface LeakOptions {
  /** Times that `body` runs before measuring, for caches to fill. */
  warmUp?: number;
  iterations?: number;
  /** Growth of the process's resident memory that is put down to noise, in bytes. */
  slackBytes?: number;
}

/**
 * Runs `body` many times and throws where native tensors or resident memory grow with the runs.
 *
 * @throws Error naming the growth
 */
export async function expectNoLeak(
  body: () => unknown,
  { warmUp = 50, iterations = 1000, slackBytes = 24 << 20 }: LeakOptions = {},
): Promise<void> {
  for (let i = 0; i < warmUp; i++) await body();
  const tensors = liveTensors();
  const bytes = residentBytes();
  for (let i = 0; i < iterations; i++) await body();
  const moreTensors = liveTensors() - tensors;
  if (moreTensors !== 0) {
    throw new Error(`${iterations} runs left ${moreTensors} native tensors alive`);
  }
  const moreBytes = residentBytes() - bytes;
  if (moreBytes > slackBytes) {
    throw new Error(
      `${iterations} runs left ${(moreBytes / 2 ** 20).toFixed(1)} MiB more resident`,
    );
  }
}

/** Resident memory without what is merely kept for later. */
function residentBytes(): number {
  globalThis.gc?.();
  trimMemory();
  return process.memoryUsage.rss();
}
