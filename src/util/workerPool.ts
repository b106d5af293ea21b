/**
 * Worker threads that all run one module: jobs in, promises of results out. A module for it exports
 * `setup: WorkerSetup`, called once in each thread.
 */
import { type TransferListItem, Worker } from "node:worker_threads";
import { EnvironmentError } from "./errors.js";
import { type PlainError, revivedError } from "./plainError.js";

/** @param settings what the pool was given; a structured clone @returns what does one job */
export type WorkerSetup<Settings, Input, Output> = (
  settings: Settings,
) => JobFunction<Input, Output> | Promise<JobFunction<Input, Output>>;

/** Does one job; `transferred` wraps a result whose buffers are moved instead of copied. */
export type JobFunction<Input, Output> = (
  input: Input,
) => Output | Transferred<Output> | Promise<Output | Transferred<Output>>;

/** A result, and the buffers of it that the worker gives away. */
export class Transferred<Output> {
  constructor(
    readonly value: Output,
    readonly buffers: readonly TransferListItem[],
  ) {}
}

export interface WorkerPool<Input, Output> {
  readonly threads: number;
  /**
   * Gives the job to the first thread that is free. Who calls it holds back ({@link mapInOrder}).
   * @throws what the job throws, with its class, `why` and `todo`
   */
  run(input: Input): Promise<Output>;
  /** Ends the threads; jobs that are not done are rejected. */
  close(): Promise<void>;
}

interface Job {
  input: unknown;
  resolve(value: never): void;
  reject(error: unknown): void;
}

/** What a worker answers. */
export type WorkerAnswer = { ready: true } | { value: unknown } | { error: PlainError };

/**
 * Starts the threads.
 * @param entry URL of the module, without its extension: `new URL("./encodeWorker", import.meta.url)`
 */
export function workerPool<Settings, Input, Output>(
  entry: URL,
  settings: Settings,
  threads: number,
): WorkerPool<Input, Output> {
  const waiting: Job[] = [];
  const idle: Worker[] = [];
  const running = new Map<Worker, Job | undefined>();
  let failure: unknown;

  const next = (worker: Worker) => {
    const job = waiting.shift();
    running.set(worker, job);
    if (job) worker.postMessage(job.input);
    else idle.push(worker);
  };
  const fail = (error: unknown) => {
    failure ??= error;
    for (const job of running.values()) job?.reject(failure);
    for (const job of waiting.splice(0)) job.reject(failure);
    running.clear();
    idle.length = 0;
  };
  const workers = Array.from({ length: threads }, () => startWorker(entry, settings));
  for (const worker of workers) {
    running.set(worker, undefined);
    worker.on("message", (answer: WorkerAnswer) => {
      if (!running.has(worker)) return;
      const job = running.get(worker);
      if ("error" in answer) {
        const error = revivedError(answer.error);
        if (!job) return fail(error);
        job.reject(error);
      } else if ("value" in answer) {
        job!.resolve(answer.value as never);
      }
      next(worker);
    });
    worker.on("error", (cause) => fail(cause));
    worker.on("exit", (code) =>
      fail(new EnvironmentError(`a worker thread ended by itself (exit code ${code})`)),
    );
  }
  return {
    threads,
    run(input) {
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise<Output>((resolve, reject) => {
        waiting.push({ input, resolve, reject });
        const worker = idle.shift();
        if (worker) next(worker);
      });
    },
    async close() {
      fail(new EnvironmentError("the worker threads were closed"));
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** From the sources (tests, scripts) a thread has to be taught TypeScript first. */
function startWorker(entry: URL, settings: unknown): Worker {
  const fromSource = import.meta.url.endsWith(".ts");
  const main = fromSource ? "./workerFromSource.mjs" : "./workerMain.js";
  return new Worker(new URL(main, import.meta.url), {
    workerData: { entry: `${entry.href}${fromSource ? ".ts" : ".js"}`, settings },
    execArgv: [],
  });
}

/**
 * Results in the order of the inputs, with at most `ahead` inputs being worked on or waiting to be
 * taken: the back-pressure that keeps memory bounded. Inputs are asked for one at a time.
 */
export async function* mapInOrder<Input, Output>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  run: (input: Input) => Promise<Output>,
  ahead: number,
): AsyncGenerator<Output> {
  const pending: Promise<Output>[] = [];
  for await (const input of inputs) {
    const result = run(input);
    // One that fails ahead of its turn is reported when its turn comes.
    result.catch(() => {});
    pending.push(result);
    if (pending.length >= ahead) yield await pending.shift()!;
  }
  for (const result of pending) yield await result;
}
