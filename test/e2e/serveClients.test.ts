/** The clients that people have: OpenAI's and LangChain's, in JavaScript and in Python, ask a real server. */
import { ChatOpenAI } from "@langchain/openai";
import OpenAI from "openai";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientsPython, runChecks } from "./clients/pythonClients.js";
import { busy } from "./fuzz/processState.js";
import { type PageServer, startServer } from "./page/openPage.js";
import { untilReady } from "./serveReady.js";

const apiKey = "sk-test";
const model = "smollm2-135m";
const question: ChatCompletionMessageParam[] = [
  { role: "user", content: "What is the capital of France?" },
];
const parameters = {
  type: "object",
  properties: { city: { type: "string", maxLength: 20 } },
  required: ["city"],
  additionalProperties: false,
};
const weather = {
  type: "function",
  function: { name: "get_weather", description: "The weather of a city.", parameters },
} as const;

let server: PageServer;
let client: OpenAI;
beforeAll(async () => {
  // The built-in model's own template has no tools; this one is ChatML too.
  server = await startServer(["--quiet", "--api-key", apiKey, "--template", "qwen2.5"]);
  await untilReady(server.address);
  client = new OpenAI({ baseURL: `${server.address}/v1`, apiKey, maxRetries: 0 });
});
afterAll(async () => {
  await server.stop();
});

const base = { model, messages: question, max_tokens: 12, temperature: 0 };

describe("OpenAI's client", () => {
  it("lists models", async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual([model]);
    expect((await client.models.retrieve(model)).id).toBe(model);
  });

  it("gets the same answer whole and as a stream", async () => {
    const whole = await client.chat.completions.create(base);
    const { message, finish_reason } = whole.choices[0]!;
    expect(message.content).toContain("Paris");
    let text = "";
    let usage: unknown;
    const ends: unknown[] = [];
    const stream = await client.chat.completions.create({
      ...base,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      if (chunk.choices[0]?.finish_reason) ends.push(chunk.choices[0].finish_reason);
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(message.content);
    expect(ends).toEqual([finish_reason]);
    expect(usage).toMatchObject({
      prompt_tokens: whole.usage!.prompt_tokens,
      completion_tokens: whole.usage!.completion_tokens,
    });
    const final = await client.chat.completions.stream(base).finalChatCompletion();
    expect(final.choices[0]!.message.content).toBe(text);
  });

  it("calls a tool, and goes on with its result", async () => {
    const first = await client.chat.completions.create({
      ...base,
      max_tokens: 60,
      tools: [weather],
      tool_choice: "required",
    });
    const { message, finish_reason } = first.choices[0]!;
    expect(finish_reason).toBe("tool_calls");
    expect(message.content).toBeNull();
    const [call] = message.tool_calls!;
    if (call?.type !== "function") throw new Error("no call of a function");
    expect(call.function.name).toBe("get_weather");
    expect(JSON.parse(call.function.arguments)).toEqual({ city: expect.any(String) });
    const second = await client.chat.completions.create({
      ...base,
      tools: [weather],
      messages: [
        ...question,
        message,
        { role: "tool", tool_call_id: call.id, content: "Sunny, 21 degrees." },
      ],
    });
    expect(second.choices[0]!.message.content).toBeTruthy();
  });

  it("gets a call of a tool in a stream", async () => {
    const stream = client.chat.completions.stream({
      ...base,
      max_tokens: 60,
      tools: [weather],
      tool_choice: { type: "function", function: { name: "get_weather" } },
    });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]!.finish_reason).toBe("tool_calls");
    const [call] = choices[0]!.message.tool_calls!;
    expect(JSON.parse(call!.function.arguments)).toEqual({ city: expect.any(String) });
  });

  it("gets JSON of a schema", async () => {
    const schema = { ...parameters, properties: { city: { enum: ["Paris", "Rome"] } } };
    const answer = await client.chat.completions.create({
      ...base,
      max_tokens: 100,
      response_format: {
        type: "json_schema",
        json_schema: { name: "place", strict: true, schema },
      },
    });
    expect(JSON.parse(answer.choices[0]!.message.content!)).toEqual({ city: "Paris" });
    const free = await client.chat.completions.create({
      ...base,
      max_tokens: 150,
      response_format: { type: "json_object" },
    });
    expect(free.choices[0]!.message.content).toMatch(/^\s*\{/);
    if (free.choices[0]!.finish_reason === "stop") JSON.parse(free.choices[0]!.message.content!);
  });

  it("gets log probabilities, several answers, the same ones by seed, and stops", async () => {
    const probed = await client.chat.completions.create({
      ...base,
      logprobs: true,
      top_logprobs: 3,
    });
    for (const token of probed.choices[0]!.logprobs!.content!) {
      expect(token.logprob).toBeLessThanOrEqual(0);
      expect(token.top_logprobs).toHaveLength(3);
    }
    const sample = { ...base, n: 3, temperature: 1, seed: 7 };
    const texts = async (seed: number) =>
      (await client.chat.completions.create({ ...sample, seed })).choices.map(
        (one) => one.message.content,
      );
    const first = await texts(7);
    expect(await texts(7)).toEqual(first);
    expect(await texts(8)).not.toEqual(first);
    const stopped = await client.chat.completions.create({ ...base, stop: "Paris" });
    expect(stopped.choices[0]!.message.content).not.toContain("Paris");
    expect(stopped.choices[0]!.finish_reason).toBe("stop");
  });

  it("completes plain texts", async () => {
    const prompt = "The capital of France is";
    const answer = await client.completions.create({
      model,
      prompt,
      max_tokens: 4,
      temperature: 0,
    });
    const echoed = await client.completions.create({
      model,
      prompt,
      max_tokens: 4,
      temperature: 0,
      echo: true,
    });
    expect(echoed.choices[0]!.text).toBe(prompt + answer.choices[0]!.text);
  });

  it("throws its own errors", async () => {
    await expect(client.chat.completions.create({ ...base, model: "none" })).rejects.toThrow(
      OpenAI.NotFoundError,
    );
    const wrong = client.chat.completions.create({ ...base, temperature: 9 });
    await expect(wrong).rejects.toThrow(OpenAI.BadRequestError);
    await expect(wrong).rejects.toMatchObject({ status: 400, param: "temperature" });
    const stranger = new OpenAI({
      baseURL: `${server.address}/v1`,
      apiKey: "wrong",
      maxRetries: 0,
    });
    await expect(stranger.models.list()).rejects.toThrow(OpenAI.AuthenticationError);
    await expect(client.embeddings.create({ model, input: "a" })).rejects.toMatchObject({
      status: 501,
    });
  });

  it("frees the engine where it goes away in the middle of a stream", async () => {
    const stream = await client.chat.completions.create({
      ...base,
      max_tokens: 2000,
      stream: true,
      messages: [{ role: "user", content: "Count from 1 to 1000." }],
    });
    for await (const _ of stream) break;
    stream.controller.abort();
    await expect
      .poll(() => busy(server.address, apiKey), { timeout: 10_000, interval: 200 })
      .toBe(0);
  });
});

describe("LangChain's client", () => {
  const chat = (more: object = {}) =>
    new ChatOpenAI({
      model,
      apiKey,
      temperature: 0,
      maxTokens: 60,
      maxRetries: 0,
      configuration: { baseURL: `${server.address}/v1` },
      ...more,
    });
  const text = "What is the capital of France?";

  it("gets answers and streams", async () => {
    const answer = await chat().invoke(text);
    expect(answer.content).toContain("Paris");
    expect(answer.usage_metadata).toMatchObject({ total_tokens: expect.any(Number) });
    let streamed = "";
    for await (const part of await chat().stream(text)) streamed += part.content;
    expect(streamed).toBe(answer.content);
  });

  it("calls tools and gets structured output", async () => {
    const asked = await chat().bindTools([weather], { tool_choice: "get_weather" }).invoke(text);
    expect(asked.tool_calls).toMatchObject([
      { name: "get_weather", args: { city: expect.any(String) } },
    ]);
    for (const method of ["jsonSchema", "functionCalling"] as const) {
      const structured = chat().withStructuredOutput(parameters, { name: "place", method });
      expect(await structured.invoke("Paris is in France.")).toEqual({ city: expect.any(String) });
    }
  });
});

const python = clientsPython();

describe.skipIf(python === undefined).each(["openai_checks.py", "langchain_checks.py"])(
  "in Python: %s",
  (file) => {
    it("all checks pass", async () => {
      const checks = await runChecks(python!, file, {
        BASE_URL: `${server.address}/v1`,
        KEY: apiKey,
      });
      expect(Object.keys(checks).length).toBeGreaterThan(5);
      const failed = Object.entries(checks).filter(([, problem]) => problem !== null);
      expect(failed.map(([name, problem]) => `${name}: ${problem}`).join("\n")).toBe("");
    });
  },
);
