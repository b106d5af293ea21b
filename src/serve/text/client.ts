/** The text process as the HTTP process sees it: begun when it is needed, ended when it is not. */
import type { ChildProcess } from "node:child_process";
import { EnvironmentError } from "../../util/errors.js";
import { revivedError } from "../../util/plainError.js";
import { forkBeside } from "../forkBeside.js";
import type { JobName, TextAnswer, TextJobs } from "./protocol.js";

export interface TextProcess {
  /**
   * Runs a job.
   *
   * @throws what the job throws, with its class; EnvironmentError where the process ends before
   */
  run<Name extends JobName>(
    name: Name,
    input: TextJobs[Name]["input"],
    onProgress?: (share: number) => void,
  ): Promise<TextJobs[Name]["output"]>;
  close(): void;
}

interface Waiting {
  resolve(value: never): void;
  reject(error: unknown): void;
  onProgress: ((share: number) => void) | undefined;
}

/** Milliseconds without work after which the process ends: it holds libtorch and tokenizers in memory. */
const idle = 120_000;

/** Jobs that may wait at once. */
const mostWaiting = 32;

export function createTextProcess(): TextProcess {
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let given = 0;
  const close = () => {
    clearTimeout(timer);
    const ending = child;
    child = undefined;
    if (ending?.connected) ending.disconnect();
  };
  const settle = (id: number): Waiting | undefined => {
    const job = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) timer = setTimeout(close, idle).unref();
    return job;
  };
  const begin = (): ChildProcess => {
    const begun = forkBeside(import.meta.url, "ignore");
    begun.on("message", (answer: TextAnswer) => {
      if (answer.type === "progress") waiting.get(answer.id)?.onProgress?.(answer.share);
      else if (answer.type === "value") settle(answer.id)?.resolve(answer.value as never);
      else settle(answer.id)?.reject(revivedError(answer.error));
    });
    begun.on("exit", () => {
      if (child !== begun) return;
      child = undefined;
      const error = new EnvironmentError("The process that makes tokens has ended", {
        todo: "try again; it is started anew",
      });
      for (const id of [...waiting.keys()]) settle(id)?.reject(error);
    });
    begun.on("error", () => {});
    return begun;
  };
  return {
    run(name, input, onProgress) {
      if (waiting.size >= mostWaiting) {
        return Promise.reject(
          new EnvironmentError("Too much is asked of the data at once", {
            todo: "try again in a moment",
          }),
        );
      }
      clearTimeout(timer);
      child ??= begin();
      const id = given++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject, onProgress });
        child!.send({ id, name, input });
      });
    },
    close,
  };
}
