/** Whether the server can answer, and its figures for Prometheus. */

import type { ServeContext } from "../context.js";
import { addRoute } from "./routes.js";
import type { Area } from "./types.js";

export const healthRoutes: Area = (app, context) => {
  addRoute(
    app,
    {
      method: "get",
      path: "/health",
      tags: ["Server"],
      summary: "Whether the server is ready",
      description:
        "Needs no key. 200 when models can be asked, 503 while it starts, restarts or ends.",
      responses: { 200: { description: "Ready" }, 503: { description: "Not ready" } },
    },
    (c) => {
      const status = healthOf(context);
      return c.json({ status }, status === "ok" ? 200 : 503);
    },
  );
  addRoute(
    app,
    {
      method: "get",
      path: "/metrics",
      tags: ["Server"],
      summary: "Figures in Prometheus' text format",
      responses: { 200: { description: "Counters, gauges and histograms" } },
    },
    (c) =>
      c.text(context.metrics.render(context.engine), 200, {
        "content-type": "text/plain; version=0.0.4",
      }),
  );
};

/** `ok` where the models that it was started with can be asked; one that failed keeps no other from it. */
function healthOf({ engine, ending, firstModels }: ServeContext): string {
  if (ending.aborted) return "ending";
  if (!engine.isReady()) return "starting";
  const first = engine.models().filter(({ name }) => firstModels.includes(name));
  if (first.some(({ state }) => state === "loading")) return "loading";
  const hasFailed = first.length > 0 && first.every(({ state }) => state === "failed");
  return hasFailed && !engine.models().some(({ state }) => state === "ready") ? "failed" : "ok";
}
