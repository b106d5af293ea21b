/** OpenAI's `/v1/models`: what `model` in a request can say. */
import type { ServedModel } from "../schema.js";
import { notFound } from "./errors.js";
import { addRoute } from "./routes.js";
import type { Area } from "./types.js";

export const modelRoutes: Area = (app, context) => {
  const started = Math.floor(Date.now() / 1000);
  const ready = () => context.engine.models().filter(({ state }) => state === "ready");
  addRoute(
    app,
    {
      method: "get",
      path: "/v1/models",
      tags: ["Models"],
      summary: "The models that are served",
      responses: { 200: { description: "A list of models" } },
    },
    (c) => c.json({ object: "list", data: ready().map((model) => openAiModel(model, started)) }),
  );
  addRoute(
    app,
    {
      method: "get",
      path: "/v1/models/{model}",
      tags: ["Models"],
      summary: "One model",
      responses: { 200: { description: "The model" }, 404: { description: "It is not served" } },
    },
    (c) => {
      const name = c.req.param("model");
      const model = ready().find((one) => one.name === name);
      if (!model) throw unknownModel(name ?? "", context.engine.models());
      return c.json(openAiModel(model, started));
    },
  );
};

function openAiModel({ name, context, base, adapters }: ServedModel, created: number) {
  return {
    id: name,
    object: "model",
    created,
    owned_by: "tunewright",
    root: name,
    parent: adapters.length > 0 ? lastPart(base) : null,
    max_model_len: context,
  };
}

function lastPart(name: string): string {
  return name.split("/").at(-1) || name;
}

/** What to say of a name that no served model has. */
export function unknownModel(name: string, models: readonly ServedModel[]) {
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  const names = models.filter(({ state }) => state === "ready").map((model) => model.name);
  const served = names.length > 0 ? `served are ${names.join(", ")}` : "none is served now";
  return notFound(`The model ${shown} does not exist; ${served}`, "model_not_found", "model");
}
