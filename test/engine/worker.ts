/** A worker thread that uses the addon on its own; the job comes as workerData. */
import { parentPort, workerData } from "node:worker_threads";
import {
  customGradient,
  grad,
  keep,
  liveTensors,
  noGrad,
  ones,
  Tensor,
  tensor,
  tidy,
} from "../../src/tensor/index.js";
import { seededRandom } from "./random.js";
import { normal, numbers } from "./values.js";

interface Job {
  kind: "train" | "block" | "abandon" | "forever" | "foreign";
  seed: number;
  steps: number;
  onOtherThread: boolean;
  handle: number;
  gate: Int32Array;
}

const job = workerData as Job;
const port = parentPort!;

/** Steps of gradient descent on |xw - y|² with a backward pass in JavaScript. */
export function train(seed: number, steps: number, onOtherThread: boolean): number[] {
  const random = seededRandom(seed);
  return tidy(() => {
    const x = normal(random, [16, 8]);
    const y = normal(random, [16, 1]);
    const w = normal(random, [8, 1]).requiresGrad_();
    for (let i = 0; i < steps; i++) {
      tidy(() => {
        const [error] = customGradient(
          [w],
          () => ({ outputs: [x.matmul(w).sub(y)], saved: x }),
          ([gradient], saved) => [saved.transpose(0, 1).matmul(gradient!)],
        );
        const [byWeight] = grad([error!.pow(2).mean(null)], [w], { onOtherThread });
        noGrad(() => w.sub_(byWeight!, { alpha: 0.05 }));
      });
    }
    return numbers(w);
  });
}

function wait(gate: Int32Array, value: number): void {
  Atomics.store(gate, 0, value);
  Atomics.notify(gate, 0);
  Atomics.wait(gate, 0, value);
}

const jobs = {
  train: () => ({ weights: train(job.seed, job.steps, job.onOtherThread), live: liveTensors() }),
  block: () =>
    noGrad(() =>
      tidy(() => {
        ones([4]);
        wait(job.gate, 1);
        return { live: liveTensors() };
      }),
    ),
  abandon: () => {
    for (let i = 0; i < 4; i++) keep(ones([1 << 22]));
    return { live: liveTensors() };
  },
  forever: () => {
    port.postMessage("started");
    for (;;) train(1, 10, job.onOtherThread);
  },
  foreign: () => {
    try {
      return { result: String(new Tensor(job.handle).add(tensor([1]))) };
    } catch (error) {
      return { error: (error as Error).name };
    }
  },
};

if (job) port.postMessage(jobs[job.kind]());
