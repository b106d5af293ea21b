/** Main of a worker thread: loads the module, then runs one job after another. */
import { parentPort, workerData } from "node:worker_threads";
import { plainError } from "./plainError.js";
import {
  Transferred,
  type WorkerAnswer,
  type WorkerRequest,
  type WorkerSetup,
} from "./workerPool.js";

const { entry, settings } = workerData as { entry: string; settings: unknown };
const port = parentPort!;
const answer = (message: WorkerAnswer) => port.postMessage(message);

try {
  const module = (await import(entry)) as { setup: WorkerSetup<unknown, unknown, unknown> };
  const job = await module.setup(settings);
  port.on("message", async ({ id, input }: WorkerRequest) => {
    try {
      const result = await job(input);
      if (result instanceof Transferred) {
        port.postMessage({ id, value: result.value } satisfies WorkerAnswer, [...result.buffers]);
      } else {
        answer({ id, value: result });
      }
    } catch (error) {
      answer({ id, error: plainError(error) });
    }
  });
  answer({ ready: true });
} catch (error) {
  answer({ failed: plainError(error) });
}
