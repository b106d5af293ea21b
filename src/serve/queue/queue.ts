/** Runs that wait their turn: one at a time, kept on the disk, going on when one fails. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { ConfigError } from "../../util/errors.js";
import type { BegunRun } from "../runs/index.js";
import type { CheckReport, Queue, QueuedJob } from "../schema.js";
import { begunRun, inOrder, isEnded, isUsed, sameFolder, viewOf } from "./jobs.js";
import { createScheduler } from "./scheduler.js";
import { openStore, type QueueStore } from "./store.js";
import { askToStop, jobFiles } from "./trainer.js";
import type { Job, StoredQueue } from "./types.js";

/** What a job is made from. */
export interface NewJob {
  name: string;
  kind: Job["kind"];
  /** Directory of the run: below the first root for a new one. */
  directory: string;
  values: Record<string, unknown>;
  /** Complete, with paths; `output_dir` is the directory. */
  config: Record<string, unknown>;
  /** Start it now, whatever else runs. */
  now: boolean;
}

export interface RunQueue {
  view(): Queue;
  /** @throws ConfigError where a name is taken, or the queue belongs to another server */
  add(jobs: readonly NewJob[]): QueuedJob[];
  /** A waiting job goes, one that runs is asked to save and end, one that has ended is forgotten. */
  remove(id: string): boolean;
  /** @returns false where an id is not that of a waiting job */
  order(ids: readonly string[]): boolean;
  pause(paused: boolean): void;
  isOurs(directory: string): boolean;
  /** Runs whose processes were begun and go on. */
  begun(): BegunRun[];
  /** Asks the trainer of a run to save and end; false where it cannot be reached. */
  stop(directory: string): boolean;
  /** Looks after jobs that an earlier server began, and starts what may start. */
  begin(): void;
  /** Stops looking; runs go on. */
  end(): void;
}

export interface QueueOptions {
  /** Folder of the server's own files. */
  folder: string;
  check(config: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<CheckReport>;
  say(line: string): void;
  onChange(): void;
}

/** Milliseconds between looks at processes that are not children of this server. */
const lookInterval = 1000;

/** Jobs that have ended and are still listed. */
const keptEnded = 100;

/** Jobs that may wait. */
const mostWaiting = 512;

export function createQueue({ folder, check, say, onChange }: QueueOptions): RunQueue {
  const store = openStore(folder, say);
  const ending = new AbortController();
  let queue: StoredQueue = store.read();
  let timer: NodeJS.Timeout | undefined;
  const changed = () => {
    forgetOldest(folder, queue);
    store.write(queue);
    onChange();
  };
  const scheduler = createScheduler({
    folder,
    queue: () => queue,
    changed,
    check,
    ending: ending.signal,
  });
  const begin = () => {
    // Of a check that the end of a server has cut off.
    for (const job of queue.jobs) if (job.state === "checking") job.state = "waiting";
    timer ??= setInterval(scheduler.lookAfter, lookInterval).unref();
    scheduler.lookAfter();
  };
  const hold = () => {
    if (timer) return;
    if (!store.hold()) throw heldByAnother();
    // Another server may have changed it until now.
    queue = store.read();
    begin();
  };
  const jobOf = (id: string) => queue.jobs.find((job) => job.id === id);
  return {
    view: () => ({ paused: queue.paused, jobs: inOrder(queue.jobs).map(viewOf) }),
    add(jobs) {
      hold();
      checkNew(jobs, queue);
      const added = jobs.map(newJob);
      queue.jobs.push(...added);
      changed();
      scheduler.advance();
      return added.map(viewOf);
    },
    remove(id) {
      hold();
      const job = jobOf(id);
      if (job?.state === "running") askToStop(job.directory, job.pid);
      else if (job) {
        scheduler.cancelCheck(id);
        queue.jobs = queue.jobs.filter((one) => one !== job);
        forgetFiles(folder, job);
        changed();
        scheduler.advance();
      }
      return job !== undefined;
    },
    order(ids) {
      hold();
      const ordered = orderJobs(queue.jobs, ids);
      if (ordered) queue.jobs = ordered;
      if (ordered) changed();
      return ordered !== undefined;
    },
    pause(paused) {
      hold();
      queue.paused = paused;
      changed();
      scheduler.advance();
    },
    isOurs: (directory) => queue.jobs.some((job) => sameFolder(job.directory, directory)),
    begun: () => queue.jobs.filter(({ state }) => state === "running").map(begunRun),
    stop(directory) {
      const isIts = (job: Job) => job.state === "running" && sameFolder(job.directory, directory);
      return askToStop(directory, queue.jobs.find(isIts)?.pid ?? null);
    },
    begin() {
      if (queue.jobs.every(isEnded)) return;
      if (tryHold(store)) begin();
      else say("another server looks after the queue of runs in this folder");
    },
    end() {
      ending.abort();
      clearInterval(timer);
      store.release();
    },
  };
}

function tryHold(store: QueueStore): boolean {
  try {
    return store.hold();
  } catch {
    // A folder that cannot be written holds no queue of ours.
    return false;
  }
}

function heldByAnother(): ConfigError {
  return new ConfigError("Another server looks after the runs in this folder", {
    why: "two of them would start the same runs",
    todo: "use the page of that one, or end it",
  });
}

function newJob(job: NewJob): Job {
  const id = randomBytes(6).toString("hex");
  const added = Date.now() / 1000;
  return { id, ...job, state: "waiting", error: null, added, started: null, pid: null };
}

/** @throws ConfigError for too many jobs, or a name that is taken */
function checkNew(jobs: readonly NewJob[], queue: StoredQueue): void {
  const open = queue.jobs.filter((job) => !isEnded(job));
  if (open.length + jobs.length > mostWaiting) {
    throw new ConfigError(`At most ${mostWaiting} runs can wait`, { todo: "remove some first" });
  }
  jobs.forEach(({ name, directory, kind }, i) => {
    const others = [...open, ...jobs.slice(0, i)];
    const isDouble = others.some((job) => job.directory === directory);
    if (isDouble) throw taken(name, "a run of this name waits or goes on");
    if (kind === "train" && isUsed(directory)) {
      throw taken(name, "its folder holds something already");
    }
  });
}

/** The jobs with those that wait in another order; nothing where an id is not that of one. */
function orderJobs(jobs: readonly Job[], ids: readonly string[]): Job[] | undefined {
  const waiting = new Map(jobs.flatMap((job) => (job.state === "waiting" ? [[job.id, job]] : [])));
  const moved = ids.map((id) => waiting.get(id));
  if (new Set(ids).size !== ids.length || !moved.every((job) => job !== undefined))
    return undefined;
  for (const id of ids) waiting.delete(id);
  return [...jobs.filter(({ state }) => state !== "waiting"), ...moved, ...waiting.values()];
}

function taken(name: string, why: string): ConfigError {
  return new ConfigError(`The name ${name} is taken`, { why, todo: "give another name" });
}

/** Of jobs that have ended, the newest stay in the list. */
function forgetOldest(folder: string, queue: StoredQueue): void {
  const old = new Set(queue.jobs.filter(isEnded).slice(0, -keptEnded));
  for (const job of old) forgetFiles(folder, job);
  queue.jobs = queue.jobs.filter((job) => !old.has(job));
}

function forgetFiles(folder: string, job: Job): void {
  for (const file of Object.values(jobFiles(folder, job))) rmSync(file, { force: true });
}
