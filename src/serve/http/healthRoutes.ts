/** Whether the server can answer, and its figures for Prometheus. */

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

/** `ok` where some model can be asked, or none is wanted. */
function healthOf({ engine, ending }: Parameters<Area>[1]): string {
  if (ending.aborted) return "ending";
  if (!engine.isReady()) return "starting";
  const models = engine.models();
  if (models.length === 0 || models.some(({ state }) => state === "ready")) return "ok";
  return models.some(({ state }) => state === "loading") ? "loading" : "failed";
}
