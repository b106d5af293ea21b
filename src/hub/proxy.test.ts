/** Requests through a proxy, by the variables that companies set. */
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type HubServer, startHub } from "../../test/unit/hubServer.js";
import { ConfigError } from "../util/errors.js";
import { proxyFor } from "./proxy.js";
import { request } from "./request.js";
import { hubSettings } from "./settings.js";

beforeEach(() => {
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]) {
    vi.stubEnv(name, "");
    vi.stubEnv(name.toLowerCase(), "");
  }
});
afterEach(() => vi.unstubAllEnvs());

test("which proxy an address gets", () => {
  const proxy = (url: string) => proxyFor(new URL(url));
  expect(proxy("https://hub.example/a")).toBe(undefined);
  vi.stubEnv("HTTPS_PROXY", "proxy.example:3128");
  expect(proxy("https://hub.example/a")).toBe("http://proxy.example:3128");
  expect(proxy("http://hub.example/a")).toBe(undefined);
  vi.stubEnv("https_proxy", "http://other.example:1");
  expect(proxy("https://hub.example/a")).toBe("http://other.example:1");
  vi.stubEnv("NO_PROXY", "localhost, .inner.example,hub.example:8443");
  for (const url of [
    "https://localhost/",
    "https://a.inner.example/",
    "https://hub.example:8443/",
  ]) {
    expect(proxy(url)).toBe(undefined);
  }
  expect(proxy("https://hub.example/")).toBe("http://other.example:1");
  vi.stubEnv("NO_PROXY", "*");
  expect(proxy("https://hub.example/")).toBe(undefined);
});

test("a proxy that is not spoken to by HTTP is refused without its password", () => {
  vi.stubEnv("ALL_PROXY", "socks5://127.0.0.1:1080");
  expect(proxyFor(new URL("https://hub.example/"))).toBe(undefined);
  vi.stubEnv("HTTPS_PROXY", "socks5://me:secret@127.0.0.1:1080");
  expect(() => proxyFor(new URL("https://hub.example/"))).toThrow(ConfigError);
  expect(() => proxyFor(new URL("https://hub.example/"))).not.toThrow(/secret/);
});

test("a request goes through the proxy, to a name that only the proxy knows", async () => {
  const hub: HubServer = await startHub();
  hub.add({ type: "model", name: "o/m", files: { "config.json": "{}" } });
  const asked: string[] = [];
  const proxy = createServer().on("connect", (incoming, client) => {
    asked.push(incoming.url ?? "");
    const server = connect(Number(new URL(hub.address).port), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      server.pipe(client).pipe(server);
    });
    client.on("error", () => server.destroy());
  });
  await new Promise<void>((ready) => proxy.listen(0, "127.0.0.1", ready));
  vi.stubEnv("HTTP_PROXY", `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  vi.stubEnv("HF_ENDPOINT", "http://hub.example");
  const answer = await request("http://hub.example/o/m/resolve/main/config.json", hubSettings());
  expect(await answer.text()).toBe("{}");
  expect(asked).toEqual(["hub.example:80"]);
  proxy.close();
  proxy.closeAllConnections();
  await hub.close();
});
