import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CausalLanguageModel, forward, type PreparedModel } from "../models/index.js";
import { liveTensors, tidy } from "../tensor/index.js";
import { contextLength, generateTokens } from "./generateTokens.js";
import { cacheBytes, createCache, disposeCache, truncateCache } from "./keyValueCache.js";
import { feed, feedForLogits, PREFILL_CHUNK } from "./nextLogits.js";
import { openTestModel } from "./openTestModel.js";
import { nextUniform, seededRandom } from "./random.js";

const open: (() => void)[] = [];
let before = 0;
beforeEach(() => {
  before = liveTensors();
});
afterEach(() => {
  for (const close of open.splice(0)) close();
  expect(liveTensors()).toBe(before);
});

function load(config: object): { model: CausalLanguageModel; prepared: PreparedModel } {
  const { close, ...loaded } = openTestModel(config);
  open.push(close);
  return loaded;
}

function ids(count: number): Int32Array {
  const random = seededRandom(3);
  return Int32Array.from({ length: count }, () => Math.floor(nextUniform(random) * 128));
}

/** Logits after the last of `tokens`, computed in one pass without a cache. */
function direct(model: CausalLanguageModel, tokens: Int32Array): Float32Array {
  return tidy(() => {
    const all = new Float32Array(forward(model, tokens).bytes().slice().buffer);
    return all.slice((tokens.length - 1) * 128);
  });
}

function worst(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

const long = { max_position_embeddings: 4096 };

describe("a key-value cache", () => {
  it("read in chunks, then token by token, while it grows, gives the logits of one pass", () => {
    const { model, prepared } = load(long);
    const tokens = ids(700);
    const cache = createCache(prepared);
    const logits = new Float32Array(128);
    feed(prepared, cache, tokens.subarray(0, 200));
    feed(prepared, cache, tokens.subarray(200, 500));
    feedForLogits(prepared, cache, tokens.subarray(500, 501), logits);
    expect(worst(logits, direct(model, tokens.subarray(0, 501)))).toBeLessThan(1e-5);
    for (let at = 501; at < 700; at++) {
      feedForLogits(prepared, cache, tokens.subarray(at, at + 1), logits);
    }
    expect(worst(logits, direct(model, tokens))).toBeLessThan(1e-5);
    expect(cache.ids).toEqual(Array.from(tokens));
    disposeCache(cache);
  });

  it("cut back, goes on as if the rest had never been", () => {
    const { model, prepared } = load(long);
    const cache = createCache(prepared);
    const logits = new Float32Array(128);
    feed(prepared, cache, ids(300));
    truncateCache(cache, 120);
    const other = Int32Array.from([...ids(120), 5, 6, 7]);
    feedForLogits(prepared, cache, other.subarray(120), logits);
    expect(worst(logits, direct(model, other))).toBeLessThan(1e-5);
    disposeCache(cache);
  });

  it("takes memory by the tokens held, not by the model's context", () => {
    const { prepared } = load(long);
    const cache = createCache(prepared);
    const bytesPerToken = 2 * 2 * 2 * 16 * 4; // keys and values, layers, heads, head size, float32
    expect(cacheBytes(cache)).toBe(256 * bytesPerToken);
    feed(prepared, cache, ids(257));
    expect(cacheBytes(cache)).toBe(512 * bytesPerToken);
    disposeCache(cache);
    expect(cacheBytes(cache)).toBe(0);
  });

  it("rotates new tokens for the length so far where RoPE scaling is dynamic", () => {
    const rope = { rope_type: "dynamic", factor: 2, rope_theta: 10000 };
    const { model, prepared } = load({ max_position_embeddings: 64, rope_parameters: rope });
    const cache = createCache(prepared);
    const logits = new Float32Array(128);
    feedForLogits(prepared, cache, ids(100), logits);
    expect(worst(logits, direct(model, ids(100)))).toBeLessThan(1e-5);
    disposeCache(cache);
  });
});

describe("generateTokens", () => {
  async function generate(
    prepared: PreparedModel,
    prompt: Int32Array,
    options: Parameters<typeof generateTokens>[2] = {},
  ) {
    const tokens = [];
    for await (const token of generateTokens(prepared, prompt, options)) tokens.push(token);
    return tokens;
  }

  it("reads a prompt longer than a chunk", async () => {
    const { model, prepared } = load(long);
    const prompt = ids(2 * PREFILL_CHUNK + 40);
    const [first] = await generate(prepared, prompt, { settings: { maxNewTokens: 1 } });
    const logits = direct(model, prompt);
    expect(first).toEqual({ tokenId: logits.indexOf(Math.max(...logits)), finishReason: "length" });
  });

  it("rotates all of a text alike where RoPE scaling is longrope, whatever was cached before", async () => {
    const factors = (value: number) => Array.from({ length: 8 }, (_, i) => value + i / 4);
    const rope_parameters = {
      rope_type: "longrope",
      rope_theta: 10000,
      short_factor: factors(1),
      long_factor: factors(3),
      original_max_position_embeddings: 300,
    };
    const { model, prepared } = load({ ...long, rope_parameters });
    const cache = createCache(prepared);
    // Beyond the trained length, then before it, then across it with each token.
    for (const length of [PREFILL_CHUNK + 80, 290, 298]) {
      const prompt = ids(length);
      const settings = { maxNewTokens: 6 };
      const answer = (await generate(prepared, prompt, { settings, cache })).map(
        ({ tokenId }) => tokenId,
      );
      for (let count = 0; count < 6; count++) {
        const logits = direct(model, Int32Array.from([...prompt, ...answer.slice(0, count)]));
        expect(answer[count]).toBe(logits.indexOf(Math.max(...logits)));
      }
    }
    disposeCache(cache);
  });

  it("ends at a stop id, at maxNewTokens and at the end of the context", async () => {
    const { prepared } = load({ max_position_embeddings: 24 });
    const prompt = ids(4);
    const all = await generate(prepared, prompt);
    expect(all.length).toBe(20);
    expect(all.at(-1)?.finishReason).toBe("length");
    expect(all.slice(0, -1).every(({ finishReason }) => finishReason === null)).toBe(true);
    const stop = all[5]!.tokenId;
    const at = all.findIndex(({ tokenId }) => tokenId === stop);
    const stopped = await generate(prepared, prompt, { stopTokenIds: [stop] });
    expect(stopped.map(({ tokenId }) => tokenId)).toEqual(
      all.slice(0, at + 1).map(({ tokenId }) => tokenId),
    );
    expect(stopped.at(-1)?.finishReason).toBe("stop");
    const three = await generate(prepared, prompt, { settings: { maxNewTokens: 3 } });
    expect(three.map(({ finishReason }) => finishReason)).toEqual([null, null, "length"]);
  });

  it("frees its cache when the caller stops listening", async () => {
    const { prepared } = load({ max_position_embeddings: 64 });
    for await (const _ of generateTokens(prepared, ids(3))) break;
  });

  it.each([
    ["is empty", Int32Array.of(), /no tokens/],
    ["fills the context", new Int32Array(24), /too long: 24 tokens/],
    ["has a foreign id", Int32Array.of(1, 128), /no embedding for token id 128/],
  ])("refuses a prompt that %s", async (_, prompt, message) => {
    const { prepared } = load({ max_position_embeddings: 24 });
    await expect(generate(prepared, prompt)).rejects.toThrow(message);
  });

  it("has the context that dynamic and YaRN scaling were made for", () => {
    const contextWith = (scaling: object) => {
      const config = {
        max_position_embeddings: 64,
        rope_parameters: { rope_theta: 1e4, ...scaling },
      };
      return contextLength(load(config).model);
    };
    expect(contextWith({ rope_type: "default" })).toBe(64);
    expect(contextWith({ rope_type: "dynamic", factor: 2 })).toBe(128);
    const yarn = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 32 };
    expect(contextWith(yarn)).toBe(128);
  });
});
