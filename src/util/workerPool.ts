/**
 * A pool of worker threads that run the same module: it takes jobs and returns promises of results.
 * The module exports `setup: WorkerSetup`, which is called once in each thread.
 */
import { type TransferListItem, Worker } from "node:worker_threads";
import { EnvironmentError } from "./errors.js";
import { type PlainError, revivedError } from "./plainError.js";

/** @param settings a structured clone of the pool's settings @returns the function that runs a job */
export type WorkerSetup<Settings, Input, Output> = (
  settings: Settings,
) => JobFunction<Input, Output> | Promise<JobFunction<Input, Output>>;

/** Runs one job; `transferred` wraps a result whose buffers are moved instead of copied. */
export type JobFunction<Input, Output> = (
  input: Input,
) => Output | Transferred<Output> | Promise<Output | Transferred<Output>>;

/** A result, and those of its buffers that are moved to the caller. */
export class Transferred<Output> {
  constructor(
    readonly value: Output,
    readonly buffers: readonly TransferListItem[],
  ) {}
}

export interface WorkerPool<Input, Output> {
  readonly threads: number;
  /**
   * Gives the job to the first free thread. The caller limits the number of jobs ({@link mapInOrder}).
   * @throws what the job throws, with its class, `why` and `todo`
   */
  run(input: Input): Promise<Output>;
  /** Stops the threads; unfinished jobs are rejected. */
  close(): Promise<void>;
}

interface Job {
  input: unknown;
  resolve(value: never): void;
  reject(error: unknown): void;
}

/** What a worker is sent. */
export interface WorkerRequest {
  /** Given back with the answer. */
  id: number;
  input: unknown;
}

/** What a worker answers; `failed` is its set-up. */
export type WorkerAnswer =
  | { ready: true }
  | { id: number; value: unknown }
  | { id: number; error: PlainError }
  | { failed: PlainError };

export interface WorkerPoolOptions {
  /** Jobs that a thread is given before it has answered the first of them. Default 1. */
  jobsAtOnce?: number;
  /** Limit of the heap for young objects of each thread, in MB. Default: V8's, about 48. */
  youngHeap?: number;
}

/**
 * Starts the threads.
 * @param entry URL of the module, without its extension: `new URL("./encodeWorker", import.meta.url)`
 */
export function workerPool<Settings, Input, Output>(
  entry: URL,
  settings: Settings,
  threads: number,
  { jobsAtOnce = 1, youngHeap }: WorkerPoolOptions = {},
): WorkerPool<Input, Output> {
  const waiting: Job[] = [];
  /** Jobs of each thread that is set up, by their numbers. */
  const running = new Map<Worker, Map<number, Job>>();
  let failure: unknown;
  let given = 0;

  /** Gives waiting jobs to the threads that have the fewest. */
  const share = () => {
    while (waiting.length > 0) {
      const free = [...running].filter(([, jobs]) => jobs.size < jobsAtOnce);
      if (free.length === 0) return;
      const [worker, jobs] = free.reduce((best, one) => (one[1].size < best[1].size ? one : best));
      const job = waiting.shift()!;
      const id = given++;
      jobs.set(id, job);
      worker.postMessage({ id, input: job.input } satisfies WorkerRequest);
    }
  };
  const fail = (error: unknown) => {
    failure ??= error;
    for (const jobs of running.values()) for (const job of jobs.values()) job.reject(failure);
    for (const job of waiting.splice(0)) job.reject(failure);
    running.clear();
  };
  const workers = Array.from({ length: threads }, () => startWorker(entry, settings, youngHeap));
  for (const worker of workers) {
    worker.on("message", (answer: WorkerAnswer) => {
      if (failure !== undefined) return;
      if ("ready" in answer) running.set(worker, new Map());
      else if ("failed" in answer) fail(revivedError(answer.failed));
      else {
        const jobs = running.get(worker)!;
        const job = jobs.get(answer.id)!;
        jobs.delete(answer.id);
        if ("error" in answer) job.reject(revivedError(answer.error));
        else job.resolve(answer.value as never);
      }
      share();
    });
    worker.on("error", (cause) => fail(cause));
    worker.on("exit", (code) =>
      fail(new EnvironmentError(`a worker thread ended unexpectedly (exit code ${code})`)),
    );
  }
  return {
    threads,
    run(input) {
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise<Output>((resolve, reject) => {
        waiting.push({ input, resolve, reject });
        share();
      });
    },
    async close() {
      fail(new EnvironmentError("the worker threads were closed"));
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** When running from TypeScript sources (tests, scripts), a thread needs a TypeScript loader. */
function startWorker(entry: URL, settings: unknown, youngHeap: number | undefined): Worker {
  const fromSource = import.meta.url.endsWith(".ts");
  const main = fromSource ? "./workerFromSource.mjs" : "./workerMain.js";
  return new Worker(new URL(main, import.meta.url), {
    workerData: { entry: `${entry.href}${fromSource ? ".ts" : ".js"}`, settings },
    execArgv: [],
    ...(youngHeap === undefined ? {} : { resourceLimits: { maxYoungGenerationSizeMb: youngHeap } }),
  });
}

/**
 * Results in the order of the inputs, with at most `ahead` inputs in progress or waiting to be
 * consumed; this back-pressure bounds memory. Inputs are requested one at a time.
 */
export async function* mapInOrder<Input, Output>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  run: (input: Input) => Promise<Output>,
  ahead: number,
): AsyncGenerator<Output> {
  const pending: Promise<Output>[] = [];
  for await (const input of inputs) {
    const result = run(input);
    // An error is reported when the turn of its input comes, not earlier.
    result.catch(() => {});
    pending.push(result);
    if (pending.length >= ahead) yield await pending.shift()!;
  }
  for (const result of pending) yield await result;
}
