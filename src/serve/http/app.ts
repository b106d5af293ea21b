/** The application: what every request goes through, and what none of the routes takes. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { DataError, TunewrightError } from "../../util/errors.js";
import type { ServeContext } from "../context.js";
import { checkAccess } from "./access.js";
import { type ErrorStatus, errorBody, HttpError, lineOf } from "./errors.js";
import { observeRequests } from "./observe.js";
import { allowedMethods } from "./routes.js";
import { securityHeaders } from "./securityHeaders.js";
import type { Area, ServeApp, ServeEnv } from "./types.js";

/**
 * Makes the application.
 *
 * @param areas each adds its routes; what no area has a route for is answered with 404 or 405
 */
export function createApp(context: ServeContext, areas: readonly Area[]): ServeApp {
  const app: ServeApp = new OpenAPIHono<ServeEnv>();
  app.use(observeRequests(context));
  app.use(securityHeaders);
  app.use(checkAccess(context));
  app.onError((thrown, c) => {
    const error = asHttpError(thrown, context);
    return c.json(errorBody(error), error.status as ErrorStatus, { ...error.headers });
  });
  app.notFound((c) => {
    const allowed = allowedMethods(app, c.req.path);
    const { method } = c.req;
    if (allowed.length === 0) {
      const error = new HttpError(404, `There is nothing at ${method} ${shown(c.req.path)}`, {
        code: "unknown_url",
      });
      return c.json(errorBody(error), 404);
    }
    const error = new HttpError(405, `${method} is not possible here; ${allowed.join(", ")} is`, {
      code: "method_not_allowed",
    });
    return c.json(errorBody(error), 405, { allow: allowed.join(", ") });
  });
  for (const area of areas) area(app, context);
  return app;
}

/** A path as part of a message. */
function shown(path: string): string {
  return path.length > 100 ? `${path.slice(0, 100)}…` : path;
}

/** What was thrown as an answer: an unexpected error tells its story to the log alone. */
export function asHttpError(thrown: unknown, context: Pick<ServeContext, "log">): HttpError {
  if (thrown instanceof HttpError) return thrown;
  if (thrown instanceof DataError) return new HttpError(400, lineOf(thrown));
  if (thrown instanceof TunewrightError) return new HttpError(500, lineOf(thrown));
  context.log(
    `unexpected error: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`,
  );
  return new HttpError(500, "The server met an error of its own; its log says more", {
    code: "internal_error",
  });
}
