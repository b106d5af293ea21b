/** One line of log and the figures of each request. */
import type { MiddlewareHandler } from "hono";
import type { ServeContext } from "../context.js";
import type { RequestNote, ServeEnv } from "./types.js";

/** Gives each request its note, and counts and logs it when it is answered. */
export function observeRequests(context: ServeContext): MiddlewareHandler<ServeEnv> {
  return async (c, next) => {
    const start = performance.now();
    let isFinished = false;
    const note: RequestNote = {
      started: start,
      route: "",
      promptTokens: 0,
      answerTokens: 0,
      isOpen: false,
      outcome: "",
      finish() {
        if (isFinished) return;
        isFinished = true;
        const milliseconds = performance.now() - start;
        const { status } = c.res;
        context.metrics.countRequest(note.route || "other", c.req.method, status, milliseconds);
        context.logRequest(lineOf(c.req.method, note, status, milliseconds));
      },
    };
    c.set("note", note);
    await next();
    const route = c.req.matchedRoutes.findLast(({ method }) => method !== "ALL");
    note.route = route?.path ?? "";
    if (!note.isOpen) note.finish();
  };
}

/** `POST /v1/chat/completions 200 812 ms, 34 + 120 tokens` */
function lineOf(
  method: string,
  { route, promptTokens, answerTokens, outcome }: RequestNote,
  status: number,
  milliseconds: number,
): string {
  const tokens = promptTokens > 0 ? `, ${promptTokens} + ${answerTokens} tokens` : "";
  const end = outcome === "" ? "" : `, ${outcome}`;
  return `${method} ${route || "(no route)"} ${status} ${milliseconds.toFixed(0)} ms${tokens}${end}`;
}
