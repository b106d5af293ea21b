/** Adding routes of the page's API. */
import type { z } from "@hono/zod-openapi";
import {
  ChangedDataError,
  CheckpointError,
  ConfigError,
  DataError,
  EnvironmentError,
  FormatError,
} from "../../util/errors.js";
import {
  addRoute,
  HttpError,
  lineOf,
  notFound,
  type ServeApp,
  type ServeCall,
} from "../http/index.js";

/** A route in few words. */
export interface PageRoute {
  method: "get" | "post" | "put" | "delete";
  /** In OpenAPI's form: `/api/runs/{run}`. */
  path: string;
  tag: "Runs" | "Queue" | "Data" | "Results" | "Live";
  summary: string;
  body?: z.ZodType;
}

/** Adds a route; what is wrong with a file or a value that it names is an answer, not a fault of the server. */
export function pageRoute(
  app: ServeApp,
  { method, path, tag, summary, body }: PageRoute,
  handler: (c: ServeCall) => Response | Promise<Response>,
): void {
  const request = body
    ? { request: { body: { content: { "application/json": { schema: body } } } } }
    : {};
  const responses = { 200: { description: "As src/serve/schema.ts describes it" } };
  const route = { method, path, tags: [tag], summary, responses, ...request };
  addRoute(app, route, async (c) => {
    try {
      return await handler(c);
    } catch (error) {
      throw asAnswer(error);
    }
  });
}

function asAnswer(error: unknown): unknown {
  if (error instanceof ConfigError || error instanceof DataError || error instanceof FormatError) {
    return new HttpError(400, lineOf(error));
  }
  if (error instanceof ChangedDataError || error instanceof CheckpointError) {
    return new HttpError(409, lineOf(error), { code: "changed" });
  }
  if (error instanceof EnvironmentError) return new HttpError(503, lineOf(error));
  const { code } = error as { code?: unknown };
  if (code === "ENOENT" || code === "ENOTDIR") return notFound("It is not there any more", "gone");
  if (code === "EACCES") return new HttpError(403, "The server may not read it");
  return error;
}

/** A whole number among the request's parameters. @throws HttpError 400 */
export function wholeParameter(
  c: ServeCall,
  name: string,
  standard: number,
  { least = 0, most = Number.MAX_SAFE_INTEGER }: { least?: number; most?: number } = {},
): number {
  const text = c.req.query(name);
  if (text === undefined || text === "") return standard;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const range =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new HttpError(400, `${name}: a whole number ${range} is expected`, { param: name });
}

/** A word among the request's parameters. @throws HttpError 400 */
export function wordParameter<const Words extends readonly string[]>(
  c: ServeCall,
  name: string,
  words: Words,
  standard: Words[number],
): Words[number] {
  const text = c.req.query(name) ?? standard;
  if (words.includes(text)) return text;
  throw new HttpError(400, `${name}: ${words.join(" or ")} is expected`, { param: name });
}

/** A text among the request's parameters. @throws HttpError 400 for one that is longer than `most` */
export function textParameter(c: ServeCall, name: string, most = 200): string | undefined {
  const text = c.req.query(name);
  if (text === undefined || text === "") return undefined;
  if (text.length <= most) return text;
  throw new HttpError(400, `${name}: at most ${most} characters are expected`, { param: name });
}
