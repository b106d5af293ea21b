/** Starts what may start, one at a time, and notes how each ended. */
import { existsSync, rmSync } from "node:fs";
import { writeFileAtomic } from "../../util/atomicFile.js";
import { makeFolders } from "../../util/makeFolders.js";
import type { CheckReport } from "../schema.js";
import { isUsed } from "./jobs.js";
import { isTraining, jobFiles, outcomeOf, startTraining } from "./trainer.js";
import type { Job, StoredQueue } from "./types.js";

export interface Scheduler {
  /** Starts the jobs whose turn it is. */
  advance(): void;
  /** Looks at processes that an earlier server began. */
  lookAfter(): void;
  /** Ends the check of a job. */
  cancelCheck(id: string): void;
}

export interface SchedulerOptions {
  /** Where configurations and logs of jobs lie. */
  folder: string;
  queue(): StoredQueue;
  /** Stores and shows what has changed. */
  changed(): void;
  check(config: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<CheckReport>;
  /** Aborted when the server ends; runs go on. */
  ending: AbortSignal;
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { folder, queue, changed, ending } = options;
  /** Jobs whose end this process will be told. */
  const children = new Set<string>();
  const checks = new Map<string, AbortController>();

  const settle = async (job: Job, code: number | null) => {
    const outcome = await outcomeOf(folder, job, code);
    children.delete(job.id);
    // A server that ends leaves the job to the next one.
    if (job.state !== "running" || ending.aborted) return;
    Object.assign(job, outcome, { pid: null });
    if (outcome.state === "failed" && job.kind === "train") dropEmpty(job.directory);
    changed();
    advance();
  };
  const launch = (job: Job) => {
    try {
      makeFolders(job.directory);
      writeFileAtomic(jobFiles(folder, job).config, `${JSON.stringify(job.config, null, 2)}\n`);
      children.add(job.id);
      job.started = Date.now() / 1000;
      job.pid = startTraining(folder, job, (code) => void settle(job, code));
      job.state = "running";
    } catch (error) {
      children.delete(job.id);
      Object.assign(job, { state: "failed", error: (error as Error).message });
    }
    changed();
  };
  const checkAndLaunch = async (job: Job) => {
    const controller = new AbortController();
    checks.set(job.id, controller);
    job.state = "checking";
    changed();
    const signal = AbortSignal.any([controller.signal, ending]);
    const refusal = await refusalOf(options.check, job, signal);
    checks.delete(job.id);
    // A check that was ended belongs to a job that was removed, or to a server that ends.
    if (signal.aborted) return;
    if (refusal === undefined) launch(job);
    else {
      Object.assign(job, { state: "refused", error: refusal });
      changed();
    }
    advance();
  };
  const advance = () => {
    if (ending.aborted) return;
    const { jobs, paused } = queue();
    for (const job of jobs) if (job.state === "waiting" && job.now) void checkAndLaunch(job);
    const isBusy = jobs.some(({ state }) => state === "checking" || state === "running");
    const next = jobs.find(({ state }) => state === "waiting");
    if (!isBusy && !paused && next) void checkAndLaunch(next);
  };
  return {
    advance,
    lookAfter() {
      for (const job of queue().jobs) {
        if (job.state !== "running" || children.has(job.id) || isTraining(folder, job)) continue;
        children.add(job.id);
        void settle(job, null);
      }
      advance();
    },
    cancelCheck(id) {
      checks.get(id)?.abort();
    },
  };
}

/** Why a job does not pass the check; nothing where it does. */
async function refusalOf(
  check: SchedulerOptions["check"],
  job: Job,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { ok, problems } = await check(job.config, signal);
    if (ok) return undefined;
    const [first] = problems;
    return first
      ? [first.what, first.why, first.todo].filter(Boolean).join("; ")
      : "It did not pass the check";
  } catch (error) {
    return `It could not be checked: ${(error as Error).message}`;
  }
}

/** The folder of a run that failed before it wrote anything. */
function dropEmpty(directory: string): void {
  if (existsSync(directory) && !isUsed(directory)) rmSync(directory, { recursive: true });
}
