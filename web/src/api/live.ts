/** What the server says by itself, for all screens: its state, runs that change, the queue. */
import { useSyncExternalStore } from "react";
import type { Queue, RunSummary, ServerEvent, ServerStatus } from "../../../src/serve/schema";
import { follow } from "./events";

export interface LiveServer {
  /** Whether events come; true until the first connection failed. */
  isConnected: boolean;
  status: ServerStatus | null;
  queue: Queue | null;
  /** The newest of each run that changed since the page was opened. */
  runs: ReadonlyMap<string, RunSummary>;
}

let server: LiveServer = { isConnected: true, status: null, queue: null, runs: new Map() };
const listeners = new Set<() => void>();

function change(changed: Partial<LiveServer>): void {
  server = { ...server, ...changed };
  for (const listener of listeners) listener();
}

function take(event: ServerEvent): void {
  if (event.type === "status") change({ status: event.status });
  else if (event.type === "queue") change({ queue: event.queue });
  else if (event.type === "run")
    change({ runs: new Map(server.runs).set(event.summary.id, event.summary) });
}

/**
 * Follows the server until it is stopped. After a lost connection came back, a `serverback` event on
 * the window makes what was fetched be fetched again.
 *
 * @returns stops following
 */
export function followServer(): () => void {
  let wasLost = false;
  return follow(
    "api/live",
    (event) => take(event as ServerEvent),
    (isOpen) => {
      if (isOpen && wasLost) dispatchEvent(new Event("serverback"));
      wasLost = !isOpen;
      change({ isConnected: isOpen });
    },
  );
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useServer(): LiveServer {
  return useSyncExternalStore(subscribe, () => server);
}
