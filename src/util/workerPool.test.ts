/** A pool of real threads: results, errors, order, back-pressure, death of a thread. */
import { afterEach, expect, test } from "vitest";
import { DataError } from "./errors.js";
import { mapInOrder, type WorkerPool, workerPool } from "./workerPool.js";

type Input = { wait?: number; value: number; fail?: string; exit?: boolean };
let pool: WorkerPool<Input, { product: number; thread: number; bytes: ArrayBuffer }>;
const start = (threads: number, factor = 3) => {
  pool = workerPool(new URL("../../test/unit/poolWorker", import.meta.url), { factor }, threads);
  return pool;
};
afterEach(() => pool.close());

test("settings reach every thread and buffers come back whole", async () => {
  const { run } = start(2, 5);
  const results = await Promise.all([1, 2, 3, 4].map((value) => run({ value, wait: 500 })));
  expect(results.map(({ product }) => product)).toEqual([5, 10, 15, 20]);
  expect(new Set(results.map(({ thread }) => thread)).size).toBe(2);
  expect(new Uint8Array(results[3]!.bytes)).toEqual(Uint8Array.of(20));
});

test("a thread is given so many jobs at once, and answers as they are done", async () => {
  const threads = workerPool<{ factor: number }, Input, { product: number }>(
    new URL("../../test/unit/poolWorker", import.meta.url),
    { factor: 2 },
    1,
    { jobsAtOnce: 3, youngHeap: 8 },
  );
  const done: number[] = [];
  const jobs = [90, 60, 30, 0].map(async (wait, value) => {
    done.push((await threads.run({ value, wait })).product);
  });
  await Promise.all(jobs);
  await threads.close();
  expect(done.slice(0, 2)).toEqual([4, 6]);
  expect(done.toSorted()).toEqual([0, 2, 4, 6]);
});

test("an error keeps its class, reason and remedy, and the thread goes on", async () => {
  const { run } = start(1);
  const error = await run({ value: 1, fail: "data" }).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(DataError);
  expect(error).toMatchObject({ message: "bad row", why: "a reason", todo: "a remedy" });
  await expect(run({ value: 1, fail: "type" })).rejects.toThrow("plain");
  expect((await run({ value: 2 })).product).toBe(6);
});

test("a thread that dies rejects what waits and what comes", async () => {
  const { run } = start(1);
  const waiting = [run({ value: 1, exit: true }), run({ value: 2 })];
  for (const job of waiting)
    await expect(job).rejects.toThrow("a worker thread ended unexpectedly");
  await expect(run({ value: 3 })).rejects.toThrow("a worker thread ended unexpectedly");
});

test("a module that cannot be set up rejects with its reason", async () => {
  pool = workerPool(new URL("../../test/unit/noSuchWorker", import.meta.url), {}, 1);
  await expect(pool.run({ value: 1 })).rejects.toThrow("noSuchWorker");
});

test("closing rejects what is not done", async () => {
  const { run, close } = start(1);
  const job = run({ value: 1, wait: 10_000 });
  const rejected = expect(job).rejects.toThrow("were closed");
  await close();
  await rejected;
});

test("results come in the order of inputs, with no more than so many asked for ahead", async () => {
  const { run } = start(2);
  let asked = 0;
  let taken = 0;
  let most = 0;
  function* inputs() {
    for (let value = 0; value < 40; value++) {
      asked++;
      most = Math.max(most, asked - taken);
      yield { value, wait: value % 3 === 0 ? 5 : 0 };
    }
  }
  const products: number[] = [];
  for await (const { product } of mapInOrder(inputs(), run, 6)) {
    taken++;
    products.push(product);
  }
  expect(products).toEqual(Array.from({ length: 40 }, (_, value) => value * 3));
  expect(most).toBeLessThanOrEqual(7);
});

test("a failed input is reported in its turn", async () => {
  const { run } = start(2);
  const inputs = [{ value: 1, wait: 30 }, { value: 2, fail: "data" }, { value: 3 }];
  const seen: number[] = [];
  const all = async () => {
    for await (const { product } of mapInOrder(inputs, run, 3)) seen.push(product);
  };
  await expect(all()).rejects.toThrow("bad row");
  expect(seen).toEqual([3]);
});
