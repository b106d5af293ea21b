/** Headers that keep browsers from doing with an answer what it is not meant for. */
import type { MiddlewareHandler } from "hono";
import type { ServeEnv } from "./types.js";

/** Scripts, styles and pictures come from this server alone; nobody frames its pages. No CORS header is ever sent. */
const headers: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

export const securityHeaders: MiddlewareHandler<ServeEnv> = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
  if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
};
