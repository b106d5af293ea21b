/**
 * Thousands of requests that nobody should send, and clients that behave as none should: always a proper answer, and
 * the next request served. `TUNEWRIGHT_FUZZ=N` makes the random part N times as large.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomNumbers } from "../../src/util/testRandom.js";
import { mutated, oddTexts, oddValues } from "./fuzz/mutate.js";
import { oddIds, oddRequests } from "./fuzz/oddRequests.js";
import { busy, type ServerState, serverState } from "./fuzz/processState.js";
import { openSocket, type RawAnswer, requestText, sendRaw } from "./fuzz/rawHttp.js";
import { type PageServer, startServer } from "./page/openPage.js";
import { untilReady } from "./serveReady.js";

const size = Number(process.env.TUNEWRIGHT_FUZZ ?? 1);
const model = "smollm2-135m";

let server: PageServer;
let port: number;
let before: ServerState;
beforeAll(async () => {
  server = await startServer(["--quiet"]);
  port = Number(new URL(server.address).port);
  await untilReady(server.address);
  // What is made once, and memory for the longest prompts and the most streams, is there by now.
  await answered(JSON.stringify({ ...chat, response_format: { type: "json_object" } }));
  for (const words of [700, 701]) {
    await answered(JSON.stringify({ ...chat, messages: story("word ".repeat(words)) }));
  }
  await abandon(64, 2000);
  before = await serverState(server.address, server.pid());
});
afterAll(async () => {
  await server.stop();
});

const chat = { model, messages: [{ role: "user", content: "Hi" }], max_tokens: 1 };
const completion = { model, prompt: "Hi", max_tokens: 1 };
const generate = { model, inputs: "Hi", max_new_tokens: 1 };
const chatText = () => JSON.stringify(chat);
const story = (content: string) => [{ role: "user", content }];

/** Errors have OpenAI's shape, a proper status, and nothing of the server's insides. */
function expectProper({ status, headers, body }: RawAnswer, what: string): void {
  expect(
    status === 501 || status === 503 || (status >= 200 && status < 500),
    `${what}: ${status} ${body.slice(0, 300)}`,
  ).toBe(true);
  if (status === 503 || status === 429) expect(headers["retry-after"], what).toBeDefined();
  if (status < 400) return;
  expect(headers["content-type"], what).toMatch(/^application\/json/);
  if (body === "") return;
  const { error } = JSON.parse(body) as { error: Record<string, unknown> };
  expect(Object.keys(error).sort(), what).toEqual(["code", "message", "param", "type"]);
  expect(typeof error.message, what).toBe("string");
  expect(body, what).not.toMatch(
    /node_modules|\.js:\d+|\bat \w+ \(|root:x:|\/(?:home|root|work|usr|tmp)\//,
  );
}

async function post(path: string, body: string | Buffer, headers?: string[]): Promise<RawAnswer> {
  const what = `${path} ${body.toString().slice(0, 300)}`;
  // Others' tests may take the processor meanwhile.
  const request = requestText("POST", path, body, headers);
  const [answer] = await sendRaw(port, request, { patience: 60_000 });
  if (!answer) throw new Error(`no answer to ${what}`);
  expectProper(answer, what);
  return answer;
}

/** An ordinary request is served. */
async function answered(body = chatText()): Promise<void> {
  const answer = await post("/v1/chat/completions", body);
  expect(answer.status, answer.body).toBe(200);
}

/** Waits until the engine has nothing to do: soon, where nobody waits for an answer. */
async function untilIdle(): Promise<void> {
  const end = Date.now() + 20_000;
  while ((await busy(server.address)) > 0) {
    if (Date.now() > end) throw new Error("answers are computed that nobody waits for");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Begins streams at once, and leaves each at a time up to `longest` milliseconds later. @returns their statuses */
async function abandon(count: number, longest: number): Promise<Set<string>> {
  const body = JSON.stringify({ ...chat, max_tokens: 500, stream: true });
  const text = requestText("POST", "/v1/chat/completions", body).toString();
  const random = randomNumbers(2);
  const statuses = new Set<string>();
  await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = await openSocket(port, text);
      socket.on("error", () => {});
      socket.once("data", (data) => statuses.add(data.toString().slice(9, 12)));
      await new Promise((resolve) => setTimeout(resolve, random(longest)));
      socket.destroy();
    }),
  );
  await untilIdle();
  return statuses;
}

/** Does many things, some at once. */
async function each<T>(
  items: readonly T[],
  width: number,
  job: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = [...items];
  const work = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await job(item);
  };
  await Promise.all(Array.from({ length: width }, work));
}

describe("bodies", () => {
  it("that are no JSON are refused", async () => {
    for (const path of ["/v1/chat/completions", "/v1/completions", "/generate", "/api/models"]) {
      await each(oddTexts(), 4, async (text) => {
        const { status } = await post(path, text);
        expect(status, text.toString().slice(0, 100)).toBe(400);
      });
    }
    await answered();
  });

  it("with each field of another kind are refused or answered", async () => {
    const response = await fetch(`${server.address}/openapi.json`);
    const document = (await response.json()) as {
      paths: Record<
        string,
        {
          post: {
            requestBody: {
              content: Record<string, { schema: { $ref?: string; properties?: object } }>;
            };
          };
        }
      >;
      components: { schemas: Record<string, { properties: object }> };
    };
    const requests: [path: string, body: string][] = [];
    for (const [path, body] of [
      ["/v1/chat/completions", chat],
      ["/v1/completions", completion],
      ["/generate", generate],
    ] as const) {
      const { schema } = document.paths[path]!.post.requestBody.content["application/json"]!;
      const { properties } = schema.$ref
        ? document.components.schemas[schema.$ref.split("/").at(-1)!]!
        : schema;
      const fields = Object.keys(properties ?? {});
      expect(fields.length).toBeGreaterThan(8);
      for (const field of [...fields, "unknown_field"]) {
        for (const value of oddValues) {
          // Long answers are not what is tried here.
          const isLong =
            /^max_/.test(field) && (value === null || (typeof value === "number" && value > 1));
          if (!isLong) requests.push([path, JSON.stringify({ ...body, [field]: value })]);
        }
      }
      for (const value of oddValues) {
        requests.push([
          path,
          JSON.stringify({ ...chat, messages: [{ role: value, content: "Hi" }] }),
        ]);
        requests.push([
          path,
          JSON.stringify({ ...chat, messages: [{ role: "user", content: value }] }),
        ]);
        requests.push([path, JSON.stringify({ ...chat, tools: [value] })]);
        requests.push([
          path,
          JSON.stringify({
            ...chat,
            response_format: { type: "json_schema", json_schema: { schema: value } },
          }),
        ]);
      }
    }
    await each(requests, 8, async ([path, body]) => post(path, body));
    await answered();
  });

  it("that are nearly right are refused or answered", async () => {
    const random = randomNumbers(1);
    const full = JSON.stringify({
      ...chat,
      // Most are refused before a model is asked.
      model: "none",
      temperature: 0.5,
      top_p: 0.9,
      stop: ["a", "b"],
      n: 1,
      seed: 1,
      logit_bias: { "5": 1 },
      tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }],
      response_format: {
        type: "json_schema",
        json_schema: {
          name: "x",
          schema: { type: "object", properties: { a: { type: "string" } } },
        },
      },
    });
    const bodies = Array.from({ length: 1500 * size }, () => mutated(full, random));
    await each(bodies, 8, (body) => post("/v1/chat/completions", body));
    const messages = JSON.stringify(chat.messages);
    const short = Array.from({ length: 150 * size }, () => mutated(messages, random));
    const [opening, closing] = [`{"model":"${model}","messages":`, ',"max_tokens":1}'].map((text) =>
      Buffer.from(text),
    );
    await each(short, 4, (body) =>
      post("/v1/chat/completions", Buffer.concat([opening!, body, closing!])),
    );
    await answered();
  });

  it("that are too large are refused, as soon as that is known", async () => {
    const most = 8 * 2 ** 20;
    const [announced] = await sendRaw(
      port,
      `POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${most + 1}\r\n\r\n{`,
    );
    expect(announced!.status).toBe(413);
    expectProper(announced!, "one byte too many");
    const exact = await post("/v1/completions", Buffer.alloc(most, " "));
    expect(exact.status).toBe(400);
    const endless = await openSocket(
      port,
      "POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    const chunk = `10000\r\n${"a".repeat(0x10000)}\r\n`;
    let sent = 0;
    let answer = "";
    endless.on("data", (data) => {
      answer += data;
    });
    endless.on("error", () => {});
    while (
      !endless.destroyed &&
      endless.writable &&
      !answer.includes("413") &&
      sent < 64 * 2 ** 20
    ) {
      await new Promise((resolve) => endless.write(chunk, resolve));
      sent += chunk.length;
      await new Promise(setImmediate);
    }
    expect(answer).toContain("413");
    endless.destroy();
    await answered();
  });
});

describe("requests", () => {
  it.each(Object.entries(oddRequests))("with %s are answered or closed", async (what, text) => {
    const answers = await sendRaw(port, Buffer.from(text, "latin1"), { patience: 25_000 });
    for (const answer of answers) expectProper(answer, what);
    expect(answers.length).toBeLessThan(2);
  });

  it("behind each other on one connection are all answered", async () => {
    const one = requestText(
      "POST",
      "/v1/completions",
      JSON.stringify({ ...completion, model: "none" }),
    );
    const answers = await sendRaw(port, Buffer.concat(Array.from({ length: 20 }, () => one)), {
      count: 20,
    });
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 404));
    await answered();
  });

  it("with ids that are paths find nothing", async () => {
    const response = await fetch(`${server.address}/openapi.json`);
    const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> };
    const patterns = Object.entries(paths).flatMap(([path, methods]) =>
      path.includes("{")
        ? Object.keys(methods).map((method) => ({ path, method: method.toUpperCase() }))
        : [],
    );
    expect(patterns.length).toBeGreaterThan(1);
    const requests = patterns.flatMap(({ path, method }) =>
      oddIds.map((id) => ({ method, path: path.replaceAll(/\{\w+\}/g, id) })),
    );
    for (const id of oddIds) {
      requests.push(
        { method: "GET", path: `/${id}` },
        { method: "GET", path: `/assets/${id}` },
        { method: "GET", path: `/docs/${id}` },
      );
    }
    await each(requests, 8, async ({ method, path }) => {
      const body = method === "GET" || method === "DELETE" ? "" : "{}";
      const [answer] = await sendRaw(port, requestText(method, path, body));
      expectProper(answer!, `${method} ${path.slice(0, 200)}`);
      // Dots between slashes are gone before the server looks for a route, as URLs have it.
      const isOwn = new URL(path, server.address).pathname === path;
      if (isOwn) expect(answer!.status, `${method} ${path.slice(0, 200)}`).not.toBe(200);
      expect(answer!.body).not.toContain("root:x:");
    });
    await answered();
  });
});

describe("clients", () => {
  it("that are slow keep nobody waiting", async () => {
    const heads = [
      "GET /health HTTP/1.1\r\nX-A: ",
      "POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
    ];
    const sockets = await Promise.all(
      Array.from({ length: 60 }, (_, i) => openSocket(port, heads[i % 2]!)),
    );
    for (const socket of sockets) socket.on("error", () => {});
    const drip = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write("a");
    }, 100);
    const start = performance.now();
    await answered();
    expect(performance.now() - start).toBeLessThan(10_000);
    clearInterval(drip);
    for (const socket of sockets) socket.destroy();
  });

  it("that do not read their streams keep nobody waiting", async () => {
    const body = JSON.stringify({
      ...chat,
      max_tokens: 300,
      stream: true,
      messages: [{ role: "user", content: "Tell a long story." }],
    });
    const text = requestText("POST", "/v1/chat/completions", body).toString();
    const sockets = await Promise.all(Array.from({ length: 6 }, () => openSocket(port, text)));
    for (const socket of sockets) socket.pause();
    await answered();
    for (const socket of sockets) socket.destroy();
    await untilIdle();
  });

  it("that go away in the middle, 200 at once, leave nothing behind", async () => {
    const statuses = await abandon(200, 3000);
    expect([...statuses].filter((status) => status !== "200" && status !== "429")).toEqual([]);
    await answered();
  });
});

describe("afterwards", () => {
  it("the server is as it was: the same engine, no more tensors and handles, hardly more memory", async () => {
    const settled = async () => {
      const { handles } = await serverState(server.address, server.pid());
      return handles - before.handles;
    };
    // Connections are closed a moment after their clients.
    await expect.poll(settled, { timeout: 15_000 }).toBeLessThan(6);
    const after = await serverState(server.address, server.pid());
    expect(after.restarts).toBe(before.restarts);
    expect(after.tensors).toBeLessThanOrEqual(before.tensors + 2);
    expect(after.serverBytes - before.serverBytes).toBeLessThan(200 * 2 ** 20);
    // Allocators keep what the largest passes took: the same again takes no more.
    await abandon(200, 2000);
    const again = await serverState(server.address, server.pid());
    expect(again.engineBytes - after.engineBytes).toBeLessThan(64 * 2 ** 20);
    expect(again.serverBytes - after.serverBytes).toBeLessThan(64 * 2 ** 20);
    expect(again.tensors).toBeLessThanOrEqual(after.tensors);
    await answered();
  });
});
