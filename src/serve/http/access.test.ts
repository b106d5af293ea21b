import { request } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { areas } from "../areas.js";
import { startTestServer, type TestServer } from "../testServer.js";
import { createApp } from "./app.js";
import { isPublic } from "./publicRoutes.js";
import { routesOf } from "./routes.js";

const key = "correct-horse";
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ apiKey: key, allowedHosts: ["models.example"] });
});
afterAll(() => server.end());

/** The status of a request with headers of any kind; fetch would not send its own Host. */
function statusOf(
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<number> {
  const { hostname, port } = new URL(server.address);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end();
  });
}

it("every route but the public ones needs the key", async () => {
  const routes = routesOf(createApp(server.context, areas));
  expect(routes.length).toBeGreaterThan(8);
  for (const { method, path } of routes) {
    const asked = path.replaceAll(/:\w+/g, "x");
    const status = await statusOf(asked, {}, method);
    if (method === "GET" && isPublic(path)) expect([200, 503]).toContain(status);
    else expect([path, status]).toEqual([path, 401]);
    expect([path, await statusOf(asked, { authorization: "Bearer wrong" }, method)]).not.toEqual([
      path,
      method === "GET" && isPublic(path) ? 401 : 200,
    ]);
  }
  const bearer = { authorization: `Bearer ${key}` };
  expect(await statusOf("/v1/models", bearer)).toBe(200);
  expect(await statusOf("/v1/nothing")).toBe(401);
  expect(server.lines.join("\n")).not.toContain(key);
});

it("foreign names are refused, known ones are not", async () => {
  const bearer = { authorization: `Bearer ${key}` };
  for (const host of ["evil.example", "127.0.0.1.evil.example"]) {
    expect([host, await statusOf("/v1/models", { ...bearer, host })]).toEqual([host, 403]);
  }
  for (const host of ["localhost:1", "127.0.0.1", "[::1]:8000", "models.example"]) {
    expect([host, await statusOf("/v1/models", { ...bearer, host })]).toEqual([host, 200]);
  }
});

it("pages of other origins may not send requests", async () => {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const post = (more: Record<string, string>) =>
    statusOf("/v1/embeddings", { ...headers, ...more }, "POST");
  expect(await post({ origin: "http://evil.example" })).toBe(403);
  expect(await post({ origin: "null" })).toBe(403);
  expect(await post({ "sec-fetch-site": "cross-site" })).toBe(403);
  expect(await post({ origin: server.address })).toBe(501);
  expect(await post({})).toBe(501);
  expect(await statusOf("/v1/embeddings", { origin: "http://evil.example" }, "OPTIONS")).not.toBe(
    200,
  );
});

it("no answer allows other origins, and each has the headers that browsers heed", async () => {
  const response = await fetch(`${server.address}/health`, { headers: { origin: server.address } });
  const names = [...response.headers.keys()];
  expect(names.filter((name) => name.startsWith("access-control-"))).toEqual([]);
  expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'self'/);
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
});

it("another host is refused without a key", async () => {
  await expect(startTestServer({ host: "0.0.0.0" })).rejects.toThrow(/API key/);
});
