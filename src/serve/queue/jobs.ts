/** Jobs as the page shows them, and what is said of their folders. */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { lockName } from "../../train/events/index.js";
import { pathId } from "../pathId.js";
import type { BegunRun } from "../runs/index.js";
import type { QueuedJob } from "../schema.js";
import type { Job } from "./types.js";

function isEndedState(state: Job["state"]): boolean {
  return state !== "waiting" && state !== "checking" && state !== "running";
}

export function isEnded({ state }: Job): boolean {
  return isEndedState(state);
}

/** What runs, what waits in order, and what has ended, the newest first. */
export function inOrder(jobs: readonly Job[]): Job[] {
  const isAtWork = ({ state }: Job) => state === "running" || state === "checking";
  return [
    ...jobs.filter(isAtWork),
    ...jobs.filter(({ state }) => state === "waiting"),
    ...jobs.filter(isEnded).reverse(),
  ];
}

export function viewOf({ id, name, state, directory, values, error, added }: Job): QueuedJob {
  const hasRun = state !== "waiting" && state !== "checking" && state !== "refused";
  const real = hasRun && existsSync(directory) ? realpathSync(directory) : undefined;
  const run = real === undefined ? null : pathId(real);
  return { id, name, state, run, values, error, added };
}

export function begunRun({ name, directory, config, added, started }: Job): BegunRun {
  const real = existsSync(directory) ? realpathSync(directory) : directory;
  const model = typeof config.model_name_or_path === "string" ? config.model_name_or_path : null;
  const time = started ?? added;
  const unknown = {
    epoch: null,
    loss: null,
    eval_loss: null,
    tokens_per_second: null,
    eta_seconds: null,
  };
  return {
    directory: real,
    summary: {
      id: pathId(real),
      name,
      state: "running",
      step: 0,
      total_steps: null,
      ...unknown,
      model,
      train_mode: typeof config.train_mode === "string" ? config.train_mode : null,
      attempts: 1,
      started: time,
      updated: time,
      recent_losses: [],
      ours: true,
    },
  };
}

export function sameFolder(one: string, other: string): boolean {
  return one === other || (existsSync(one) && realpathSync(one) === other);
}

/** Whether a folder holds more than a lock. */
export function isUsed(directory: string): boolean {
  if (!existsSync(directory)) return false;
  return readdirSync(directory).some((name) => !name.startsWith(lockName));
}
