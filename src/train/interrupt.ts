/** What a run does about signals: how it is asked to save, and what it says about stopping. */
import { setTimeout } from "node:timers/promises";
import { receivedSignal, saveRequests, signalName, stopIfAsked } from "../util/signals.js";

/** @returns whether a signal has asked to save since the last call */
export function saveRequestReader(): () => boolean {
  let seen = 0;
  return () => {
    const requests = saveRequests();
    const isAsked = requests > seen;
    seen = requests;
    return isAsked;
  };
}

/** Milliseconds between looks for a signal while something else is waited for. */
const lookInterval = 200;

/** Waits for `coming`, unless a signal comes first. @throws Interrupted; what `coming` throws */
export async function unlessAsked<T extends object>(coming: Promise<T>): Promise<T> {
  for (;;) {
    const value = await Promise.race([coming, setTimeout(lookInterval)]);
    if (value !== undefined) return value;
    stopIfAsked();
  }
}

/** What is said when a run begins to stop. @param unsaved whether there is a step to save first */
export function stoppingLine(step: number, unsaved: boolean): string {
  const name = signalName(receivedSignal());
  if (!unsaved) return `${name}: the run stops.`;
  const force = name === "SIGINT" ? " (Ctrl-C again ends it at once, without this checkpoint)" : "";
  return `${name}: step ${step} is saved, then the run stops${force}.`;
}

/** Seconds that Kubernetes leaves between SIGTERM and SIGKILL where nothing is said. */
const usualGrace = 30;

/**
 * How long a platform must leave a run between the signal to stop and the end: twice a save, since
 * disks are busier when many jobs stop at once, and what an operation may take that is under way.
 *
 * @param seconds that a save took
 */
export function graceLine(seconds: number): string {
  const needed = Math.max(10, Math.ceil(2 * seconds + 5));
  const more =
    needed > usualGrace
      ? `, more than the ${usualGrace} s of Kubernetes (terminationGracePeriodSeconds)`
      : "";
  return `A save takes ${seconds.toFixed(1)} s: leave at least ${needed} s between SIGTERM and SIGKILL${more}.`;
}
