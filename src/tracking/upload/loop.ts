/**
 * Uploading beside a training run: looks for new events again and again, waits longer after each failure,
 * and ends within a bounded time.
 */
import { createPause } from "../pause.js";
import { ServerError } from "./http.js";
import type { UploadSession } from "./session.js";

export interface UploadLoop {
  /** Sends what is left, then ends; what is on its way when the time is over is given up. */
  finish(milliseconds: number): Promise<UploadReport>;
}

/** What became of an upload. */
export interface UploadReport {
  /** Values that the server has not confirmed. */
  left: number;
  /** Why not. */
  why?: string;
}

export interface LoopOptions {
  session: UploadSession;
  /** Ends requests that are on their way. */
  abort: () => void;
  say: (line: string) => void;
  /** Milliseconds between two looks at the file; the session's own where absent. */
  interval?: number;
  /** Milliseconds after the first failure; doubled with each further one, up to a minute. Default 1,000. */
  firstWait?: number;
}

const longestWait = 60_000;

/** Starts at once. */
export function startLoop(options: LoopOptions): UploadLoop {
  const { session, abort, say, firstWait = 1000 } = options;
  const begun = performance.now();
  const interval = () =>
    options.interval ?? session.intervalAfter?.(performance.now() - begun) ?? 1000;
  /** In a row, without anything sent in between. */
  let failures = 0;
  let finishing = false;
  let isOver = false;
  let refused: unknown;
  let failure: unknown;
  const pause = createPause();

  const attempt = async (): Promise<number> => {
    const before = session.batches;
    try {
      await session.sync();
      if (failures > 0) say("is reached again; what it lacks is sent now");
      failures = 0;
      return interval();
    } catch (error) {
      failure = error;
      if (!(error instanceof ServerError) || !error.passes) {
        refused = error;
        return 0;
      }
      failures = session.batches > before ? 1 : failures + 1;
      if (failures === 1 && !isOver)
        say(`${error.message}; training goes on, and sending is tried again`);
      const wait = Math.min(longestWait, firstWait * 2 ** Math.min(failures - 1, 10));
      return Math.max(wait, Math.min(longestWait, error.wait * 1000));
    }
  };
  const run = async (): Promise<void> => {
    for (;;) {
      const isLast = finishing;
      const wait = await attempt();
      if (refused !== undefined || isOver || (isLast && failures === 0)) return;
      if (!finishing) await pause.wait(wait);
      else if (failures > 0) await pause.wait(Math.min(wait, firstWait));
    }
  };
  const running = run().then(() => {
    if (refused !== undefined) say(`${messageOf(refused)}; nothing more is sent to it`);
  });

  return {
    async finish(milliseconds) {
      finishing = true;
      pause.wake();
      const limit = setTimeout(() => {
        isOver = true;
        abort();
        pause.wake();
      }, milliseconds);
      await running;
      clearTimeout(limit);
      const done = refused === undefined && failures === 0;
      return done ? { left: 0 } : { left: session.countLeft(), why: messageOf(failure) };
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
