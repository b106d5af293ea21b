/** The side of an upload that lives with the training run: starts the thread, and waits for it at the end. */
import { type WorkerPool, workerPool } from "../../util/workerPool.js";
import type { Tracker } from "../tracker.js";
import type { UploadReport } from "./loop.js";
import type { RunFacts } from "./service.js";

/** What the uploading thread is given. */
export interface UploadSettings {
  /** Name of the service, as in `report_to`. */
  name: string;
  run: RunFacts;
  attempt: number;
  env: Readonly<Record<string, string | undefined>>;
  /** See {@link LoopOptions}; for tests. */
  interval?: number;
  firstWait?: number;
}

export type UploadJob = { tellNews: true } | { finishWithin: number };
/** Lines for the user; at the end, also what became of the upload. */
export interface UploadAnswer {
  news: string[];
  report?: UploadReport;
}

/** Milliseconds that the end of a run waits for its uploads. */
export const finishTime = 10_000;

/** Uploads a run while it goes on. It takes no rows: the thread reads them in `events.jsonl`. */
export function uploadBeside(
  settings: UploadSettings,
  say: (line: string) => void,
  within = finishTime,
): Tracker {
  const { name, run } = settings;
  // Two jobs: one waits for news, the other is the end.
  const pool: WorkerPool<UploadJob, UploadAnswer> = workerPool(
    new URL("../uploadWorker", import.meta.url),
    settings,
    1,
    { jobsAtOnce: 2 },
  );
  const sayNews = (lines: readonly string[]) => {
    for (const line of lines) say(`${name}: ${line}`);
  };
  let closing = false;
  const listen = async () => {
    while (!closing) {
      sayNews((await pool.run({ tellNews: true })).news);
    }
  };
  listen().catch((error: unknown) => {
    if (!closing) say(`${name}: uploading has ended (${String(error)})`);
  });
  return {
    handle() {},
    async close() {
      try {
        const { news, report } = await pool.run({ finishWithin: within });
        sayNews(news);
        if (report && report.left > 0) say(leftLine(name, report, run.directory));
      } finally {
        closing = true;
        await pool.close();
      }
    },
  };
}

function leftLine(name: string, { left, why }: UploadReport, directory: string): string {
  const reason = why === undefined ? "" : ` (${why})`;
  return `${name} has not confirmed ${left} values${reason}; to send what it lacks: ./tunewright track ${directory} --to ${name}`;
}
