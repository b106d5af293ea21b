/** What the page asks of the server itself: its status, the catalogue, models to load and unload. */
import { z } from "@hono/zod-openapi";
import { packageVersion } from "../../util/packageRoot.js";
import type { ServeContext } from "../context.js";
import type { Catalogue, CatalogueEntry, ServerStatus } from "../schema.js";
import { readJson } from "./body.js";
import { badRequest, HttpError, notFound } from "./errors.js";
import { unknownModel } from "./modelRoutes.js";
import { addRoute } from "./routes.js";
import type { Area } from "./types.js";

/** What `model` in a request may say. */
export const modelName = /^[\w.:@+-][\w.:@+ /-]{0,127}$/;

const loadRequest = z
  .strictObject({
    source: z.string().min(1).max(200),
    name: z
      .string()
      .regex(modelName, "may have letters, digits and . : @ + - _ /, at most 128 of them")
      .optional(),
  })
  .openapi("LoadRequest");

export const apiRoutes: Area = (app, context) => {
  addRoute(
    app,
    {
      method: "get",
      path: "/api/status",
      tags: ["Server"],
      summary: "The server and the models it holds",
      responses: { 200: { description: "Status" } },
    },
    (c) => c.json(serverStatus(context)),
  );
  addRoute(
    app,
    {
      method: "get",
      path: "/api/catalogue",
      tags: ["Models"],
      summary: "What can be loaded",
      responses: { 200: { description: "Entries of the catalogue" } },
    },
    (c) => c.json({ entries: catalogueEntries(context) } satisfies Catalogue),
  );
  addRoute(
    app,
    {
      method: "post",
      path: "/api/models",
      tags: ["Models"],
      summary: "Loads an entry of the catalogue",
      description: "Answers at once; the model's state tells when it is ready, or why it is not.",
      request: { body: { content: { "application/json": { schema: loadRequest } } } },
      responses: {
        202: { description: "It is being loaded" },
        404: { description: "No such entry" },
      },
    },
    async (c) => {
      const { source, name } = await readJson(c, loadRequest);
      return c.json(loadModel(context, source, name), 202);
    },
  );
  addRoute(
    app,
    {
      method: "delete",
      path: "/api/models/{model}",
      tags: ["Models"],
      summary: "Unloads a model",
      responses: { 204: { description: "It is gone" }, 404: { description: "It is not served" } },
    },
    (c) => {
      const name = c.req.param("model") ?? "";
      if (!context.engine.unload(name)) throw unknownModel(name, context.engine.models());
      return c.body(null, 204);
    },
  );
};

/** What GET /api/status and its event say. */
export function serverStatus({ engine, access }: ServeContext): ServerStatus {
  return {
    version: packageVersion(),
    ready: engine.isReady(),
    protected: access.keyHash !== null,
    restarts: engine.restarts(),
    models: engine.models(),
  };
}

function catalogueEntries({ catalogue, engine }: ServeContext): CatalogueEntry[] {
  const models = engine.models();
  return catalogue.entries().map(({ place: _place, adapters: _adapters, ...entry }) => ({
    ...entry,
    loaded_as: models.find(({ source }) => source === entry.id)?.name ?? null,
  }));
}

function loadModel({ catalogue, engine, loading }: ServeContext, source: string, wanted?: string) {
  const entry = catalogue.find(source);
  if (!entry)
    throw notFound("There is no such entry in the catalogue", "source_not_found", "source");
  const taken = new Set(
    engine.models().flatMap(({ name, state }) => (state === "failed" ? [] : [name])),
  );
  if (wanted !== undefined && taken.has(wanted)) {
    throw new HttpError(409, `A model named ${wanted} is served already`, {
      param: "name",
      code: "name_taken",
    });
  }
  const name = wanted ?? freeName(entry.title, taken);
  if (taken.size >= mostModels) {
    throw badRequest(`At most ${mostModels} models are served at once; unload one first`, "source");
  }
  engine.load({ name, source, place: entry.place, adapters: entry.adapters, ...loading });
  return engine.models().find((model) => model.name === name);
}

/** Served at once; each keeps weights, or at least keys and values, in memory. */
const mostModels = 32;

/** A name made from a title: `demo, step 100` becomes `demo-step-100`. */
export function freeName(title: string, taken: ReadonlySet<string>): string {
  const plain = title.replaceAll(/[^\w.:@+/-]+/g, "-").replaceAll(/^[-/]+|[-/]+$/g, "");
  const base = plain.slice(0, 100) || "model";
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}-${i}`;
    if (!taken.has(name)) return name;
  }
}
