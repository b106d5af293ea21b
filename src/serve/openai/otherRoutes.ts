/** What OpenAI's API has and this server has not, refused in words. */
import { type Area, addRoute, HttpError } from "../http/index.js";

const absent: readonly { path: string; what: string }[] = [
  {
    path: "/v1/embeddings",
    what: "Embeddings are not served: the models here answer, they do not embed",
  },
  { path: "/v1/responses", what: "The Responses API is not served; use /v1/chat/completions" },
];

export const absentRoutes: Area = (app) => {
  for (const { path, what } of absent) {
    addRoute(
      app,
      {
        method: "post",
        path,
        tags: ["OpenAI"],
        summary: "Not supported",
        description: what,
        responses: { 501: { description: "Not supported" } },
      },
      () => {
        throw new HttpError(501, what, { code: "not_supported" });
      },
    );
  }
};
