/** Server-sent events: a run while it goes on, and what lists show. */
import { setTimeout as wait } from "node:timers/promises";
import { type EventSink, eventStream, type ServeApp, serverStatus } from "../http/index.js";
import { openLive, readPlace } from "../runs/index.js";
import type { LiveEvent, ServerEvent } from "../schema.js";
import { pageRoute } from "./route.js";
import { directoryOf } from "./runRoutes.js";
import type { Studio } from "./studio.js";

/** Milliseconds between looks at a file that grows. */
const runInterval = 500;

/** Milliseconds between looks at everything that lists show. */
const listInterval = 1000;

export function liveRoutes(app: ServeApp, studio: Studio): void {
  const { context } = studio;
  pageRoute(
    app,
    { method: "get", path: "/api/runs/{run}/live", tag: "Live", summary: "A run while it goes on" },
    async (c) => {
      const directory = await directoryOf(c, studio);
      const since = c.req.header("last-event-id") ?? c.req.query("since") ?? "";
      return eventStream(c, context, (sink) => followOne(directory, since, sink, studio));
    },
  );
  pageRoute(
    app,
    { method: "get", path: "/api/live", tag: "Live", summary: "What lists show, when it changes" },
    (c) => eventStream(c, context, (sink) => followAll(sink, studio)),
  );
}

/** Ends when the client has gone, or the run's folder is no more. */
async function followOne(
  directory: string,
  since: string,
  sink: EventSink,
  { runs }: Studio,
): Promise<void> {
  const reader = await openLive(directory, readPlace(since));
  let shown = "";
  while (!sink.signal.aborted) {
    const { events, more } = await reader.next();
    for (const { event, id } of events) await sink.send(event, { id });
    if (more) continue;
    const summary = await runs.summary(directory);
    if (!summary) return;
    const text = JSON.stringify(summary);
    if (text !== shown) await sink.send({ type: "summary", summary } satisfies LiveEvent);
    shown = text;
    await pause(runInterval, sink.signal);
  }
}

async function followAll(sink: EventSink, studio: Studio): Promise<void> {
  const { context, queue, runs } = studio;
  const shown = new Map<string, string>();
  const tell = async (key: string, event: ServerEvent) => {
    const text = JSON.stringify(event);
    if (shown.get(key) === text) return;
    shown.set(key, text);
    await sink.send(event);
  };
  let wake = () => {};
  const stop = studio.onQueue(() => wake());
  try {
    while (!sink.signal.aborted) {
      await tell("status", { type: "status", status: serverStatus(context) });
      await tell("queue", { type: "queue", queue: queue.view() });
      const list = await runs.list();
      for (const summary of list) await tell(`run ${summary.id}`, { type: "run", summary });
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([pause(listInterval, sink.signal), woken]);
    }
  } finally {
    stop();
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await wait(milliseconds, undefined, { signal }).catch(() => {});
}
