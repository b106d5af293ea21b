/** Adding routes, so that each is known to the documentation, to the access rules and to 405. */
import type { RouteConfig } from "@hono/zod-openapi";
import type { ServeApp, ServeCall } from "./types.js";

/** A route: as OpenAPI describes it. */
export interface Route extends RouteConfig {
  method: "get" | "post" | "put" | "delete";
  /** In OpenAPI's form: `/v1/models/{model}`. */
  path: string;
}

/** Adds one route to the application and to its OpenAPI description. Bodies are read by `readJson`. */
export function addRoute(
  app: ServeApp,
  route: Route,
  handler: (c: ServeCall) => Response | Promise<Response>,
): void {
  if (route.hide !== true) app.openAPIRegistry.registerPath(route);
  app.on(route.method.toUpperCase(), [route.path.replaceAll(/\{(\w+)\}/g, ":$1")], handler);
}

/** Methods that some route takes at this path; HEAD with GET. */
export function allowedMethods(app: ServeApp, path: string): string[] {
  const methods = routesOf(app)
    .filter(({ path: pattern }) => matches(pattern, path))
    .map(({ method }) => method);
  const unique = [...new Set(methods)];
  return unique.includes("GET") ? [...unique, "HEAD"] : unique;
}

/** All routes by method and pattern, without what runs for every request. */
export function routesOf(app: ServeApp): { method: string; path: string }[] {
  return app.routes.filter(({ method }) => method !== "ALL");
}

function matches(pattern: string, path: string): boolean {
  const own = pattern.split("/");
  const given = path.split("/");
  return (
    own.length === given.length &&
    own.every((part, i) => (part.startsWith(":") ? given[i] !== "" : part === given[i]))
  );
}
