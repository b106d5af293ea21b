/** Requests through a proxy set in the environment, which Node does not use by itself. */
import type { Dispatcher } from "undici";
import { ConfigError } from "../util/errors.js";

const agents = new Map<string, Dispatcher>();

/**
 * `fetch`, through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` sets for the URL.
 * @throws ConfigError for a kind of proxy that is not supported
 */
export async function fetchThroughProxy(url: string, init: RequestInit): Promise<Response> {
  const proxy = proxyFor(new URL(url));
  if (proxy === undefined) return fetch(url, init);
  // undici's own fetch, because Node's accepts only agents of its own version.
  const undici = await import("undici");
  let dispatcher = agents.get(proxy);
  if (!dispatcher) {
    dispatcher = new undici.ProxyAgent(proxy);
    agents.set(proxy, dispatcher);
  }
  const response = await undici.fetch(url, { ...init, dispatcher } as Parameters<
    typeof undici.fetch
  >[1]);
  return response as unknown as Response;
}

/** The URL of the proxy for `url`, if any. Lower-case variables take precedence, as in curl. */
export function proxyFor(url: URL): string | undefined {
  const read = (name: string) => process.env[name.toLowerCase()] || process.env[name];
  const scheme = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const own = read(scheme);
  const proxy = own ?? read("ALL_PROXY");
  if (!proxy || isExcepted(url, read("NO_PROXY") ?? "")) return undefined;
  const address = proxy.includes("://") ? proxy : `http://${proxy}`;
  if (/^https?:/i.test(address) && URL.canParse(address)) return address;
  if (own === undefined) return undefined;
  throw new ConfigError(`${scheme} ${proxy.replace(/\/\/.*@/, "//")} cannot be used`, {
    why: "only HTTP proxies are supported",
    todo: "give the HTTP port of the proxy: http://HOST:PORT",
  });
}

function isExcepted(url: URL, exceptions: string): boolean {
  return exceptions.split(/[\s,]+/).some((entry) => {
    if (entry === "*") return true;
    const [host = "", port] = entry.split(/:(?=\d+$)/);
    if (host === "" || (port !== undefined && port !== url.port)) return false;
    const name = host.replace(/^\*?\./, "").toLowerCase();
    return url.hostname === name || url.hostname.endsWith(`.${name}`);
  });
}
