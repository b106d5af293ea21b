/** Requests through the proxy of a company's network, which Node does not take from the environment. */
import type { Dispatcher } from "undici";
import { ConfigError } from "../util/errors.js";

const agents = new Map<string, Dispatcher>();

/**
 * `fetch`, through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names for the address.
 * @throws ConfigError for a kind of proxy that cannot be spoken to
 */
export async function fetchThroughProxy(url: string, init: RequestInit): Promise<Response> {
  const proxy = proxyFor(new URL(url));
  if (proxy === undefined) return fetch(url, init);
  // Its own fetch, since the one in Node takes agents of its own version only.
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

/** Address of the proxy for `url`; undefined where there is none. Small letters win, as in curl. */
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
    why: "proxies are spoken to by HTTP",
    todo: "name the proxy's HTTP port: http://HOST:PORT",
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
