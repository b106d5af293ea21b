/** Types that all routes share. */
import type { HttpBindings } from "@hono/node-server";
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { ServeContext } from "../context.js";

/** What the log and the metrics are told of a request while it is answered. */
export interface RequestNote {
  /** When it came, by `performance.now()`. */
  started: number;
  /** Pattern of its route, such as `/v1/models/:model`; empty where none took it. */
  route: string;
  promptTokens: number;
  answerTokens: number;
  /** A stream that is still open: whoever writes it calls `finish`. */
  isOpen: boolean;
  /** How it ended, where that is not told by the status. */
  outcome: string;
  /** Counts and logs the request; only the first call does. */
  finish(): void;
}

export interface ServeEnv {
  Bindings: HttpBindings;
  Variables: { note: RequestNote };
}

export type ServeApp = OpenAPIHono<ServeEnv>;
export type ServeCall = Context<ServeEnv>;

/** Adds the routes of one part of the server. */
export type Area = (app: ServeApp, context: ServeContext) => void;
