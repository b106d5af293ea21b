/**
 * The processes that train together. A training loop talks to the others only through this: it adds
 * up gradients, divisors and counts, and agrees on when to stop. One process is the identity.
 */
import type { Tensor } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";

export interface World {
  /** Number of this process, from 0. */
  readonly rank: number;
  /** Number of processes. */
  readonly size: number;
  /** Number of this process on its machine: it takes the device of this number. */
  readonly localRank: number;
  /** Whether this process writes what all have in common: events, checkpoints, the result. */
  readonly isFirst: boolean;
  /** Replaces a tensor by its sum over all processes. */
  sumTensor(tensor: Tensor): void;
  /** Sums of numbers over all processes. */
  sum(values: readonly number[]): Promise<number[]>;
  /** Whether `flag` is set in any process. */
  any(flag: boolean): Promise<boolean>;
  /** Waits until all processes have come here. */
  barrier(): Promise<void>;
}

/**
 * The world that the launcher has set up, by the environment variables of `torchrun`.
 *
 * @throws ConfigError where they contradict each other or name several processes
 */
export function openWorld(environment: NodeJS.ProcessEnv): World {
  const size = readCount(environment, "WORLD_SIZE", 1);
  const rank = readCount(environment, "RANK", 0);
  const localRank = readCount(environment, "LOCAL_RANK", 0);
  if (size < 1 || rank >= size) {
    throw new ConfigError(`RANK ${rank} and WORLD_SIZE ${size} contradict each other`, {
      why: "ranks are counted from 0 to WORLD_SIZE - 1",
      todo: "correct the environment variables, or unset both to train in one process",
    });
  }
  if (size > 1) {
    throw new ConfigError(`training in ${size} processes is not supported yet (WORLD_SIZE)`, {
      why: "gradients are not exchanged between processes, so each would train its own model",
      todo: "start a single process without torchrun, or unset RANK and WORLD_SIZE",
    });
  }
  return {
    rank,
    size,
    localRank,
    isFirst: rank === 0,
    sumTensor: () => {},
    sum: async (values) => [...values],
    any: async (flag) => flag,
    barrier: async () => {},
  };
}

/**
 * What there is to know where a launcher has chosen the number of threads: torchrun sets 1 where nobody
 * has set it, for processes that share a machine.
 *
 * @param cores that this process may use
 */
export function describeLauncherThreads(
  { OMP_NUM_THREADS, LOCAL_RANK, TORCHELASTIC_RUN_ID }: NodeJS.ProcessEnv,
  cores: number,
): string | undefined {
  const launched = LOCAL_RANK !== undefined || TORCHELASTIC_RUN_ID !== undefined;
  if (!launched || OMP_NUM_THREADS !== "1" || cores === 1) return undefined;
  return `One thread computes (OMP_NUM_THREADS=1, which torchrun sets by itself); OMP_NUM_THREADS=${cores} would use all ${cores} cores.`;
}

function readCount(environment: NodeJS.ProcessEnv, name: string, absent: number): number {
  const text = environment[name];
  if (text === undefined || text === "") return absent;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ConfigError(`the environment variable ${name} is ${JSON.stringify(text)}`, {
    why: "it must be a non-negative integer, the number of processes or the index of this one",
    todo: `unset ${name}, or let torchrun set it`,
  });
}
