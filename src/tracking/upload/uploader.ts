/** The side of an upload that lives with the training run: starts the thread, and waits for it at the end. */
import { type WorkerPool, workerPool } from "../../util/workerPool.js";
import type { UploadReport } from "./loop.js";

/** What the uploading thread is given: plain data. */
export interface UploadSettings<Task = unknown> {
  task: Task;
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

export interface UploadOptions {
  /** What lines for the user begin with. */
  readonly label: string;
  /** What sends the rest later. */
  readonly command: string;
  readonly say: (line: string) => void;
  /** Milliseconds that the end of a run waits. Default ten seconds. */
  readonly within?: number;
}

/** An upload that goes on beside a run. */
export interface Upload {
  /** Sends what is left within the time, and says what is not sent. @returns whether the server has everything */
  finish(): Promise<boolean>;
}

/** Uploads a run while it goes on. It takes no rows: the thread reads them in the run's files. */
export function uploadBeside(settings: UploadSettings, options: UploadOptions): Upload {
  const { label, command, say, within = 10_000 } = options;
  // Two jobs: one waits for news, the other is the end.
  const pool: WorkerPool<UploadJob, UploadAnswer> = workerPool(
    new URL("../uploadWorker", import.meta.url),
    settings,
    1,
    { jobsAtOnce: 2 },
  );
  const sayNews = (lines: readonly string[]) => {
    for (const line of lines) say(`${label}: ${line}`);
  };
  let closing = false;
  const listen = async () => {
    while (!closing) sayNews((await pool.run({ tellNews: true })).news);
  };
  listen().catch((error: unknown) => {
    if (!closing) say(`${label}: uploading has ended (${String(error)})`);
  });
  return {
    async finish() {
      try {
        const { news, report } = await pool.run({ finishWithin: within });
        sayNews(news);
        if (!report || report.left === 0) return true;
        const why = report.why === undefined ? "" : ` (${report.why})`;
        say(
          `${label} has not confirmed ${report.left} values${why}; to send what it lacks: ${command}`,
        );
        return false;
      } finally {
        closing = true;
        await pool.close();
      }
    },
  };
}
