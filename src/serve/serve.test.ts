import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testAdapter, writeTestModel } from "../generate/testModel.js";
import type { ErrorBody, ServerStatus } from "./schema.js";
import { eventsOf, startTestServer, type TestServer, until } from "./testServer.js";

const directory = writeTestModel();
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    models: [
      { name: "tiny", place: directory, adapters: [] },
      { name: "tuned", place: directory, adapters: [testAdapter] },
    ],
  });
  await server.loaded();
});
afterAll(async () => {
  await server.end();
  rmSync(directory, { recursive: true, force: true });
});

const chat = (more: object = {}) => ({
  model: "tiny",
  messages: [{ role: "user", content: "one" }],
  max_tokens: 6,
  ...more,
});

interface ChatAnswer {
  id: string;
  choices: {
    index: number;
    message: { role: string; content: string };
    finish_reason: string;
    logprobs: { content: { token: string; logprob: number; top_logprobs: unknown[] }[] } | null;
  }[];
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  warnings?: string[];
  dropped_messages?: number;
}

const answerOf = async (response: Response) => (await response.json()) as ChatAnswer;
const textOf = async (more: object = {}) =>
  (await answerOf(await server.post("/v1/chat/completions", chat(more)))).choices[0]!.message
    .content;

describe("models", () => {
  it("are listed, and found by their name", async () => {
    const list = (await (await server.get("/v1/models")).json()) as { data: { id: string }[] };
    expect(list).toMatchObject({ object: "list" });
    expect(list.data.map(({ id }) => id)).toEqual(["tiny", "tuned"]);
    const one = await server.get("/v1/models/tiny");
    expect(await one.json()).toMatchObject({ id: "tiny", object: "model", max_model_len: 64 });
    const none = await server.get("/v1/models/none");
    expect(none.status).toBe(404);
    expect(((await none.json()) as ErrorBody).error).toMatchObject({
      code: "model_not_found",
      param: "model",
    });
  });

  it("share the weights of their base", async () => {
    const { models } = (await (await server.get("/api/status")).json()) as ServerStatus;
    const [tiny, tuned] = models;
    expect(tuned!.memory_bytes).toBeLessThan(tiny!.memory_bytes! / 2);
    expect(server.lines.join("\n")).toMatch(/tuned is ready \(.*weights shared with tiny\)/);
  });

  it("with and without an adapter each give their own text", async () => {
    const [plain, tuned] = await Promise.all([textOf(), textOf({ model: "tuned" })]);
    expect(tuned).not.toBe(plain);
    expect(await textOf()).toBe(plain);
  });
});

describe("a chat", () => {
  it("is answered whole", async () => {
    const response = await server.post(
      "/v1/chat/completions",
      chat({ logprobs: true, top_logprobs: 3 }),
    );
    expect(response.status).toBe(200);
    const answer = await answerOf(response);
    expect(answer).toMatchObject({ object: "chat.completion", model: "tiny" });
    expect(answer.id).toMatch(/^chatcmpl-/);
    const [choice] = answer.choices;
    expect(choice).toMatchObject({ index: 0, message: { role: "assistant" } });
    expect(choice!.finish_reason).toMatch(/^(stop|length)$/);
    const { prompt_tokens, completion_tokens, total_tokens } = answer.usage;
    expect(total_tokens).toBe(prompt_tokens + completion_tokens);
    expect(choice!.logprobs!.content).toHaveLength(completion_tokens);
    for (const { logprob, top_logprobs } of choice!.logprobs!.content) {
      expect(logprob).toBeLessThan(0);
      expect(top_logprobs).toHaveLength(3);
    }
  });

  it("streams role, text, reason, usage and [DONE]", async () => {
    const whole = await answerOf(await server.post("/v1/chat/completions", chat()));
    const more = { stream: true, stream_options: { include_usage: true } };
    const response = await server.post("/v1/chat/completions", chat(more));
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const text = await response.text();
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    const events = eventsOf(text) as {
      id: string;
      choices: { delta: { role?: string; content?: string }; finish_reason: string | null }[];
      usage: object | null;
    }[];
    const chunks = events.slice(0, -1);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks[0]).toMatchObject({
      object: "chat.completion.chunk",
      model: "tiny",
      choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }],
      usage: null,
    });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    const [last] = chunks.at(-2)!.choices;
    expect(last).toMatchObject({ delta: {}, finish_reason: whole.choices[0]!.finish_reason });
    const parts = chunks.slice(1, -2).map(({ choices }) => choices[0]!);
    expect(parts.every(({ finish_reason }) => finish_reason === null)).toBe(true);
    expect(parts.map(({ delta }) => delta.content).join("")).toBe(
      whole.choices[0]!.message.content,
    );
  });

  it("streams no usage that nobody asked for", async () => {
    const text = await (await server.post("/v1/chat/completions", chat({ stream: true }))).text();
    expect(text).not.toContain("usage");
  });

  it("has as many answers as asked for, the same by the same seed", async () => {
    const ask = async () => {
      const more = { n: 3, temperature: 1.5, seed: 7 };
      const { choices } = await answerOf(await server.post("/v1/chat/completions", chat(more)));
      return choices.map(({ message }) => message.content);
    };
    const first = await ask();
    expect(new Set(first).size).toBe(3);
    expect(await ask()).toEqual(first);
  });

  it("ends before a stop text", async () => {
    const whole = await textOf({ max_tokens: 12 });
    const stop = whole.slice(2, 4);
    expect(await textOf({ max_tokens: 12, stop })).toBe(whole.slice(0, whole.indexOf(stop)));
  });

  it("names what it ignores, and refuses what would change the answer", async () => {
    const response = await server.post("/v1/chat/completions", chat({ colour: "red" }));
    expect(response.headers.get("x-tunewright-ignored")).toBe("colour");
    expect((await answerOf(response)).warnings).toEqual([expect.stringContaining("colour")]);
    const refused = await server.post("/v1/chat/completions", chat({ best_of: 2 }));
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { param: "best_of" } });
  });

  it("goes on with an answer that is not finished", async () => {
    const whole = await textOf({ temperature: 0 });
    const half = await textOf({ temperature: 0, max_tokens: 3 });
    const messages = [...chat().messages, { role: "assistant", content: half }];
    const more = { messages, temperature: 0, max_tokens: 3, continue_final_message: true };
    expect(half + (await textOf({ ...more, add_generation_prompt: false }))).toBe(whole);
    const refused = [
      { continue_final_message: true },
      { add_generation_prompt: false },
      { ...more, response_format: { type: "json_object" } },
    ];
    for (const wrong of refused) {
      expect((await server.post("/v1/chat/completions", chat(wrong))).status).toBe(400);
    }
  });

  it("drops whole old turns where the context is full, and says so", async () => {
    const turns = Array.from({ length: 5 }, (_, i) => [
      { role: "user", content: `question ${i}` },
      { role: "assistant", content: "answer" },
    ]).flat();
    const messages = [...turns, { role: "user", content: "last" }];
    const response = await server.post("/v1/chat/completions", chat({ messages }));
    const answer = await answerOf(response);
    const dropped = answer.dropped_messages ?? 0;
    expect(dropped).toBeGreaterThan(0);
    expect(dropped % 2).toBe(0);
    expect(response.headers.get("x-tunewright-dropped-messages")).toBe(String(dropped));
    const shown = { messages: messages.slice(dropped) };
    expect(answer.choices[0]!.message.content).toBe(await textOf(shown));
    const stream = await server.post("/v1/chat/completions", chat({ messages, stream: true }));
    expect(await stream.text()).toMatch(new RegExp(`^: ${dropped} old messages were left out`));
  });
});

describe("a completion", () => {
  it("goes on with texts and with ids, each as often as asked for", async () => {
    const ask = async (more: object) => {
      const body = { model: "tiny", max_tokens: 4, ...more };
      const response = await server.post("/v1/completions", body);
      return (await response.json()) as {
        choices: { index: number; text: string }[];
        usage: object;
      };
    };
    const one = await ask({ prompt: "ab" });
    const both = await ask({ prompt: ["ab", "cd"], n: 2 });
    expect(both.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(both.choices[0]!.text).toBe(one.choices[0]!.text);
    const echoed = await ask({ prompt: "ab", echo: true });
    expect(echoed.choices[0]!.text).toBe(`ab${one.choices[0]!.text}`);
    const byIds = await ask({ prompt: [68, 69], echo: true });
    expect(byIds.choices[0]!.text).toMatch(/^ab/);
    const told = await ask({ prompt: "ab", logprobs: 2 });
    expect(told.choices[0]).toMatchObject({ logprobs: { tokens: expect.any(Array) } });
  });

  it("streams", async () => {
    const body = { model: "tiny", prompt: ["ab", "cd"], max_tokens: 4, stream: true };
    const events = eventsOf(await (await server.post("/v1/completions", body)).text());
    expect(events.at(-1)).toBe("[DONE]");
    const reasons = (
      events.slice(0, -1) as { choices: { finish_reason: string | null }[] }[]
    ).flatMap(({ choices }) => choices[0]?.finish_reason ?? []);
    expect(reasons).toHaveLength(2);
  });
});

describe("a wrong request", () => {
  const wrong: [name: string, body: unknown, param: string | null][] = [
    ["no JSON", "{", null],
    ["a list", [], null],
    ["no model", { messages: [{ role: "user", content: "a" }] }, "model"],
    ["no messages", { model: "tiny" }, "messages"],
    ["empty messages", { model: "tiny", messages: [] }, "messages"],
    ["an unknown role", chat({ messages: [{ role: "bob", content: "a" }] }), "messages[0].role"],
    [
      "a number as content",
      chat({ messages: [{ role: "user", content: 5 }] }),
      "messages[0].content",
    ],
    ["a hot temperature", chat({ temperature: 2.1 }), "temperature"],
    ["a large top_p", chat({ top_p: 1.1 }), "top_p"],
    ["no answers", chat({ n: 0 }), "n"],
    ["no tokens", chat({ max_tokens: 0 }), "max_tokens"],
    ["half a token", chat({ max_tokens: 1.5 }), "max_tokens"],
    ["a penalty", chat({ presence_penalty: -3 }), "presence_penalty"],
    ["many log probabilities", chat({ logprobs: true, top_logprobs: 21 }), "top_logprobs"],
    ["log probabilities without", chat({ top_logprobs: 2 }), "top_logprobs"],
    ["17 stop texts", chat({ stop: Array.from({ length: 17 }, String) }), "stop"],
    ["an empty stop text", chat({ stop: "" }), "stop"],
    ["stream options alone", chat({ stream_options: { include_usage: true } }), "stream_options"],
    [
      "tools that it cannot",
      chat({ tools: [{ type: "function", function: { name: "f" } }] }),
      null,
    ],
    ["a long message", chat({ messages: [{ role: "user", content: "x".repeat(80) }] }), "messages"],
  ];
  it.each(wrong)("%s is answered with 400", async (_, body, param) => {
    const response = await server.post("/v1/chat/completions", body);
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as ErrorBody;
    expect(error).toMatchObject({ type: "invalid_request_error", param });
    expect(error.message).not.toMatch(/\/(tmp|work|home)\/|\n/);
  });

  it("is told apart by its status", async () => {
    const statusOf = async (path: string, init: RequestInit) =>
      (await fetch(`${server.address}${path}`, init)).status;
    const path = "/v1/chat/completions";
    const json = { "content-type": "application/json" };
    expect(await statusOf("/v1/nothing", {})).toBe(404);
    expect(await statusOf(path, {})).toBe(405);
    expect(await statusOf(path, { method: "POST", body: "{}" })).toBe(415);
    const invalid = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]);
    expect(await statusOf(path, { method: "POST", headers: json, body: invalid })).toBe(400);
    const large = new Uint8Array(8 * 2 ** 20 + 1).fill(0x20);
    expect(await statusOf(path, { method: "POST", headers: json, body: large })).toBe(413);
    expect(await statusOf("/v1/embeddings", { method: "POST", headers: json, body: "{}" })).toBe(
      501,
    );
    const unknown = JSON.stringify(chat({ model: "none" }));
    expect(await statusOf(path, { method: "POST", headers: json, body: unknown })).toBe(404);
  });
});

describe("a server", () => {
  it("frees the place of a client that goes", async () => {
    const gone = new AbortController();
    const response = await fetch(`${server.address}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(chat({ stream: true, max_tokens: 40, n: 8 })),
      signal: gone.signal,
    });
    await response.body!.getReader().read();
    gone.abort();
    await until(() => server.context.engine.inFlight() === 0, 1);
  });

  it("says 429 where too much is asked at once, and goes on", async () => {
    const more = { n: 10, max_tokens: 30 };
    const statuses = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const response = await server.post("/v1/chat/completions", chat(more));
        await response.text();
        return [response.status, response.headers.get("retry-after")];
      }),
    );
    expect(statuses).toContainEqual([429, expect.any(String)]);
    expect(statuses).toContainEqual([200, null]);
    expect((await server.post("/v1/chat/completions", chat())).status).toBe(200);
  });

  it("counts what it does", async () => {
    const text = await (await server.get("/metrics")).text();
    expect(text).toMatch(
      /http_requests_total\{route="\/v1\/chat\/completions",method="POST",status="200"\} \d+/,
    );
    expect(text).toMatch(/time_to_first_token_seconds_count [1-9]/);
  });

  it("loads and unloads models, and leaves nothing", async () => {
    const tensors = async () => {
      const before = server.context.engine.figures().beats;
      await until(() => server.context.engine.figures().beats > before + 1);
      return server.context.engine.figures().liveTensors;
    };
    const { entries } = (await (await server.get("/api/catalogue")).json()) as {
      entries: { id: string; title: string; loaded_as: string | null }[];
    };
    const tiny = entries.find(({ title }) => title === "tiny");
    expect(tiny).toMatchObject({ loaded_as: "tiny" });
    const base = await tensors();
    for (let round = 0; round < 2; round++) {
      const response = await server.post("/api/models", { source: tiny!.id, name: "again" });
      expect(response.status).toBe(202);
      await server.loaded();
      expect(await textOf({ model: "again" })).toBe(await textOf());
      expect((await fetch(`${server.address}/api/models/again`, { method: "DELETE" })).status).toBe(
        204,
      );
      expect((await server.post("/v1/chat/completions", chat({ model: "again" }))).status).toBe(
        404,
      );
    }
    expect(await tensors()).toBeLessThanOrEqual(base);
    expect((await server.post("/api/models", { source: "../../etc" })).status).toBe(404);
    expect((await server.post("/api/models", { source: tiny!.id, name: "tiny" })).status).toBe(409);
  });

  it("tells of an engine that dies in mid-stream, and is ready again by itself", async () => {
    const { engine } = server.context;
    // So long an answer, without an end token, is never over before the kill.
    const place = writeTestModel({ config: { max_position_embeddings: 16_384 } });
    engine.load({ name: "long", source: "long", place, adapters: [], template: "firefly-classic" });
    await until(() => engine.models().some((one) => one.name === "long" && one.state === "ready"));
    const long = { model: "long", stream: true, max_tokens: 16_000, logit_bias: { 2: -100 } };
    const response = await server.post("/v1/chat/completions", chat(long));
    expect(response.status).toBe(200);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader.read()).value ?? "";
    process.kill(engine.pid()!, "SIGKILL");
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    const events = eventsOf(text);
    expect(events.at(-1)).toBe("[DONE]");
    expect(events.at(-2)).toMatchObject({ error: { code: "engine_unavailable" } });
    const during = await server.post("/v1/chat/completions", chat());
    expect(during.status).toBe(503);
    expect(during.headers.get("retry-after")).toMatch(/^\d+$/);
    await during.text();
    expect((await server.get("/health")).status).toBe(503);
    await server.loaded();
    expect(engine.restarts()).toBe(1);
    expect((await server.get("/health")).status).toBe(200);
    expect((await server.post("/v1/chat/completions", chat())).status).toBe(200);
    rmSync(place, { recursive: true });
  });
});
