/** The module that the tests of the worker pool run in threads. */
import { threadId } from "node:worker_threads";
import { DataError } from "../../src/util/errors.js";
import { Transferred, type WorkerSetup } from "../../src/util/workerPool.js";

interface Input {
  value: number;
  wait?: number;
  fail?: string;
  exit?: boolean;
}

export const setup: WorkerSetup<
  { factor: number },
  Input,
  { product: number; thread: number; bytes: ArrayBuffer }
> =
  ({ factor }) =>
  async ({ value, wait, fail, exit }) => {
    if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
    if (exit) process.exit(1);
    if (fail === "data") throw new DataError("bad row", { why: "a reason", todo: "a remedy" });
    if (fail) throw new TypeError("plain");
    const product = value * factor;
    const bytes = Uint8Array.of(product).buffer;
    return new Transferred({ product, thread: threadId, bytes }, [bytes]);
  };
