/** Who may ask what: names of the server, origins of pages, the API key. */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { MiddlewareHandler } from "hono";
import type { Access, ServeContext } from "../context.js";
import { HttpError, unavailable } from "./errors.js";
import { isPublic } from "./publicRoutes.js";
import type { ServeEnv } from "./types.js";

/** Whether a server that listens there can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return (
    host === "localhost" || host === "::1" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host)
  );
}

/**
 * Refuses requests that come by a foreign name (DNS rebinding), from a page of another origin, without
 * the key, or while the server ends. Everything but the public routes needs the key.
 */
export function checkAccess(context: ServeContext): MiddlewareHandler<ServeEnv> {
  const { access } = context;
  return async (c, next) => {
    const host = c.req.header("host") ?? "";
    if (!isKnownHost(host, access)) {
      throw new HttpError(403, "This server is not known by the name in the Host header", {
        code: "host_not_allowed",
      });
    }
    const { method } = c.req;
    const reads = method === "GET" || method === "HEAD";
    if (!reads && isForeign(c.req.header("origin"), c.req.header("sec-fetch-site"), host, access)) {
      throw new HttpError(403, "Pages of other origins may not send requests to this server", {
        code: "origin_not_allowed",
      });
    }
    const needsKey = access.keyHash !== null && !(reads && isPublic(c.req.path));
    if (needsKey && !hasKey(c.req.header("authorization"), access.keyHash!)) {
      const given = c.req.header("authorization") !== undefined;
      throw new HttpError(
        401,
        given ? "The API key is wrong" : "An API key is required: Authorization: Bearer KEY",
        {
          code: "invalid_api_key",
          headers: { "www-authenticate": "Bearer" },
        },
      );
    }
    if (context.ending.aborted && !isPublic(c.req.path)) {
      throw unavailable("The server is ending", "shutting_down", 10);
    }
    await next();
  };
}

export function hashOfKey(key: string): Buffer {
  return createHash("sha256").update(key, "utf8").digest();
}

/** Compares hashes, which have one length, in constant time. */
function hasKey(header: string | undefined, keyHash: Buffer): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1] ?? "";
  return timingSafeEqual(hashOfKey(given), keyHash);
}

function isKnownHost(header: string, { host, keyHash, allowedHosts }: Access): boolean {
  const name = hostName(header);
  if (name === "") return false;
  if (isLoopback(name) || name === host.toLowerCase() || allowedHosts.has(name)) return true;
  if (isLoopback(host)) return false;
  // A key keeps pages of other names out that a browser was made to believe to be ours.
  return (
    keyHash !== null ||
    isIP(name.replaceAll(/[[\]]/g, "")) !== 0 ||
    name === hostname().toLowerCase()
  );
}

/** The name of `NAME:PORT`, in small letters. */
function hostName(header: string): string {
  const [, name = ""] = /^(\[[0-9a-f:.]+\]|[^:\s/@]+)(?::\d{1,5})?$/i.exec(header) ?? [];
  return name.toLowerCase();
}

function isForeign(
  origin: string | undefined,
  site: string | undefined,
  host: string,
  { allowedHosts }: Access,
): boolean {
  if (origin === undefined) return site === "cross-site";
  let from: URL;
  try {
    from = new URL(origin);
  } catch {
    return true;
  }
  return from.host !== host.toLowerCase() && !allowedHosts.has(from.hostname);
}
