/** The addon in several worker threads at once: each has its own tensors, scopes and grad mode. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { train } from "../../test/engine/worker.js";
import { liveTensors, ones, tensor, tidy, trimMemory } from "./index.js";

const program = new URL("../../test/engine/worker.mjs", import.meta.url);

function start(job: Record<string, unknown>): Worker {
  return new Worker(program, { workerData: job, execArgv: [] });
}

/** What the worker answers, once it has ended by itself. */
async function answerOf(worker: Worker): Promise<Record<string, unknown>> {
  const [[answer], exit] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
  expect(exit).toEqual([0]);
  return answer;
}

test("threads compute at once what each computes alone, on both paths of the backward pass", async () => {
  const jobs = [1, 2, 3, 4].map((seed) => ({ seed, steps: 300, onOtherThread: seed % 2 === 0 }));
  const workers = jobs.map((job) => answerOf(start({ kind: "train", ...job })));
  const mine = jobs.map(({ seed, steps }) => train(seed, steps, true));
  for (const [i, answer] of (await Promise.all(workers)).entries()) {
    expect(answer).toEqual({ weights: mine[i], live: 0 });
  }
});

test("grad mode and scopes of one thread are not those of another", async () => {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = start({ kind: "block", gate });
  const answer = answerOf(worker);
  while (Atomics.load(gate, 0) !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
  // The worker stands inside noGrad() and tidy().
  const before = liveTensors();
  const x = tensor([1]).requiresGrad_();
  const y = x.mul(2);
  expect(y.requiresGrad).toBe(true);
  expect(liveTensors() - before).toBe(2);
  Atomics.store(gate, 0, 2);
  Atomics.notify(gate, 0);
  expect(await answer).toEqual({ live: 1 });
  expect(y.item()).toBe(2);
  x.dispose();
  y.dispose();
});

test("a handle of another thread is refused", async () => {
  const tensors = Array.from({ length: 10 }, () => tensor([1]));
  const answer = await answerOf(start({ kind: "foreign", handle: tensors[9]!.handle }));
  expect(answer).toEqual({ error: "UseAfterFreeError" });
  for (const x of tensors) x.dispose();
});

test("a thread that ends takes its tensors with it", async () => {
  const run = async () => expect(await answerOf(start({ kind: "abandon" }))).toEqual({ live: 4 });
  await run();
  trimMemory();
  const before = process.memoryUsage.rss();
  for (let i = 0; i < 3; i++) await run(); // 3 × 64 MiB
  trimMemory();
  expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20);
});

test("threads terminated amid their work disturb nobody", async () => {
  for (const [i, onOtherThread] of [false, true, false, true].entries()) {
    const worker = start({ kind: "forever", onOtherThread });
    await once(worker, "message");
    await new Promise((resolve) => setTimeout(resolve, 7 * (i + 1)));
    expect(await worker.terminate()).toBe(1);
  }
  expect(tidy(() => ones([3]).sum(null).item())).toBe(3);
});
