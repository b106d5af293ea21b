/** Routes of the form, the check, starting a run, and the queue. */
import { z } from "@hono/zod-openapi";
import { configurationOf, describeForm, runDirectory } from "../form/index.js";
import { badRequest, notFound, readJson, type ServeApp, type ServeCall } from "../http/index.js";
import { type NewJob, sweep } from "../queue/index.js";
import { pageRoute } from "./route.js";
import type { Studio } from "./studio.js";

const values = z.record(z.string().max(100), z.unknown());
const configRequest = z
  .strictObject({ name: z.string().max(200), values, from: z.string().max(100).nullish() })
  .openapi("ConfigRequest");
const sweepRequest = configRequest
  .extend({ lists: z.record(z.string().max(100), z.array(z.unknown()).max(1000)) })
  .openapi("SweepRequest");
const orderRequest = z
  .strictObject({ ids: z.array(z.string().max(100)).max(1000) })
  .openapi("QueueOrder");

type Request = z.output<typeof configRequest>;

export function queueRoutes(app: ServeApp, studio: Studio): void {
  const { queue } = studio;
  const view = (c: ServeCall) => c.json(queue.view());
  pageRoute(
    app,
    { method: "get", path: "/api/form", tag: "Queue", summary: "Every key of a configuration" },
    (c) => c.json(describeForm()),
  );
  pageRoute(
    app,
    {
      method: "post",
      path: "/api/check",
      tag: "Queue",
      summary: "What would make a run fail",
      body: configRequest,
    },
    async (c) => {
      const [job] = await jobsOf([await readJson(c, configRequest)], false, studio);
      return c.json(await studio.check(job!.config, c.req.raw.signal));
    },
  );
  for (const [path, now, summary] of [
    ["/api/runs", true, "Begins a run once it passes the check"],
    ["/api/queue", false, "Puts a run into the queue"],
  ] as const) {
    pageRoute(
      app,
      { method: "post", path, tag: "Queue", summary, body: configRequest },
      async (c) => {
        const jobs = await jobsOf([await readJson(c, configRequest)], now, studio);
        return c.json(queue.add(jobs)[0], 202);
      },
    );
  }
  pageRoute(
    app,
    {
      method: "post",
      path: "/api/queue/sweep",
      tag: "Queue",
      summary: "A run for each combination of values",
      body: sweepRequest,
    },
    async (c) => {
      const { lists, ...request } = await readJson(c, sweepRequest);
      const made = sweep(request.name, lists).map((one) => {
        return { ...request, name: one.name, values: { ...request.values, ...one.values } };
      });
      return c.json({ jobs: queue.add(await jobsOf(made, false, studio)) }, 202);
    },
  );
  pageRoute(app, { method: "get", path: "/api/queue", tag: "Queue", summary: "The queue" }, view);
  pageRoute(
    app,
    {
      method: "put",
      path: "/api/queue/order",
      tag: "Queue",
      summary: "The order of those that wait",
      body: orderRequest,
    },
    async (c) => {
      const { ids } = await readJson(c, orderRequest);
      if (!queue.order(ids))
        throw badRequest("ids: ids of waiting runs are expected, each once", "ids");
      return view(c);
    },
  );
  for (const [word, paused] of [
    ["pause", true],
    ["continue", false],
  ] as const) {
    const summary = paused ? "Begins no further run" : "Goes on with the queue";
    pageRoute(app, { method: "post", path: `/api/queue/${word}`, tag: "Queue", summary }, (c) => {
      queue.pause(paused);
      return view(c);
    });
  }
  pageRoute(
    app,
    {
      method: "delete",
      path: "/api/queue/{job}",
      tag: "Queue",
      summary: "Takes a run out; one that goes on saves and ends",
    },
    (c) => {
      if (!queue.remove(c.req.param("job") ?? "")) {
        throw notFound("There is no such run in the queue", "job_not_found", "job");
      }
      return view(c);
    },
  );
}

/** Jobs from requests, with places in the configuration in place of ids. */
async function jobsOf(
  requests: readonly Request[],
  now: boolean,
  { root, runs, files, tables }: Studio,
): Promise<NewJob[]> {
  await files.list();
  return Promise.all(
    requests.map(async ({ name, values: given, from }): Promise<NewJob> => {
      const directory = runDirectory(root, name);
      const source = from == null ? undefined : await runs.directoryOf(from);
      if (from != null && source === undefined) {
        throw notFound("from: there is no such run", "run_not_found", "from");
      }
      const config = configurationOf(given, directory, tables, source);
      return { name, kind: "train", directory, values: given, config, now };
    }),
  );
}
