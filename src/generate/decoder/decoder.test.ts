import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectNoLeak } from "../../../test/leak.js";
import type { PreparedModel } from "../../models/index.js";
import { liveTensors } from "../../tensor/index.js";
import { ConfigError, DataError } from "../../util/errors.js";
import { generateTokens } from "../generateTokens.js";
import { openTestModel } from "../openTestModel.js";
import { contextLength } from "../prompts.js";
import { nextUniform, seededRandom } from "../random.js";
import type { GenerationSettings } from "../settings.js";
import {
  cancel,
  createDecoder,
  type DecodedToken,
  type Decoder,
  type DecoderOptions,
  decoderLoad,
  disposeDecoder,
  forget,
  isIdle,
  step,
  submit,
  tokensOf,
} from "./index.js";
import { bytesPerToken } from "./storage.js";

const open: (() => void)[] = [];
let before = 0;
beforeEach(() => {
  before = liveTensors();
});
afterEach(() => {
  for (const close of open.splice(0).reverse()) close();
  expect(liveTensors()).toBe(before);
});

function load(config: object = {}): PreparedModel {
  const { prepared, close } = openTestModel(config);
  open.push(close);
  return prepared;
}

function decoderOf(prepared: PreparedModel, options?: DecoderOptions): Decoder {
  const decoder = createDecoder(prepared, options);
  open.push(() => disposeDecoder(decoder));
  return decoder;
}

function prompt(length: number, seed = 3): Int32Array {
  const random = seededRandom(seed);
  return Int32Array.from({ length }, () => Math.floor(nextUniform(random) * 128));
}

/** Steps to the end. @returns the answers of all requests, and how each ended */
function finish(decoder: Decoder): { ids: number[]; ended: string | null }[] {
  const answers: { ids: number[]; ended: string | null }[] = [];
  while (!isIdle(decoder)) {
    for (const { request, tokenId, finishReason } of tokensOf(step(decoder))) {
      answers[request] ??= { ids: [], ended: null };
      const answer = answers[request];
      expect(answer.ended).toBeNull();
      answer.ids.push(tokenId);
      answer.ended = finishReason;
    }
  }
  return answers;
}

async function alone(
  prepared: PreparedModel,
  promptIds: Int32Array,
  settings: Partial<GenerationSettings>,
  seed = 0,
  stopTokenIds: number[] = [],
): Promise<number[]> {
  const decoder = createDecoder(prepared, { rows: 1 });
  try {
    const options = { settings, random: seededRandom(seed), stopTokenIds };
    const ids: number[] = [];
    for await (const { tokenId } of generateTokens(decoder, promptIds, options)) ids.push(tokenId);
    return ids;
  } finally {
    disposeDecoder(decoder);
  }
}

describe("a decoder", () => {
  it("gives each text what it gets alone, by settings of its own, while others come and go", async () => {
    const prepared = load({ max_position_embeddings: 512 });
    const decoder = decoderOf(prepared, { rows: 4, tokensPerStep: 24 });
    const choices: Partial<GenerationSettings>[] = [
      { maxNewTokens: 30 },
      { maxNewTokens: 12, temperature: 0.9, topK: 20 },
      { maxNewTokens: 25, repetitionPenalty: 1.4 },
      { maxNewTokens: 3 },
      { maxNewTokens: 18, noRepeatNgramSize: 2 },
      { maxNewTokens: 9, temperature: 1.2, topP: 0.8, minP: 0.01 },
    ];
    const requests = Array.from({ length: 14 }, (_, i) => ({
      promptIds: prompt(1 + ((i * 37) % 90), i),
      settings: choices[i % choices.length]!,
    }));
    for (const [i, request] of requests.entries()) {
      submit(decoder, { ...request, random: seededRandom(i) });
    }
    const answers = finish(decoder);
    for (const [i, { promptIds, settings }] of requests.entries()) {
      expect(answers[i]!.ids).toEqual(await alone(prepared, promptIds, settings, i));
      expect(answers[i]!.ended).toBe("length");
    }
  });

  it("ends at end tokens and where the context is full, and takes later requests", async () => {
    const prepared = load();
    const context = contextLength(prepared.model);
    const decoder = decoderOf(prepared);
    const free = await alone(prepared, prompt(5), { maxNewTokens: 20 });
    submit(decoder, { promptIds: prompt(5), stopTokenIds: [free[7]!] });
    submit(decoder, { promptIds: prompt(context - 2) });
    const [stopped, full] = finish(decoder);
    expect(stopped).toEqual({ ids: free.slice(0, free.indexOf(free[7]!) + 1), ended: "stop" });
    expect(full!.ids).toHaveLength(2);
    expect(full!.ended).toBe("length");
    expect(submit(decoder, { promptIds: prompt(5), settings: { maxNewTokens: 20 } })).toBe(2);
    expect(finish(decoder)[2]!.ids).toEqual(free);
  });

  it("reads on in long prompts by pieces while others get a token in every step", () => {
    const prepared = load({ max_position_embeddings: 1024 });
    const decoder = decoderOf(prepared, { tokensPerStep: 32 });
    submit(decoder, { promptIds: prompt(4), settings: { maxNewTokens: 40 } });
    step(decoder);
    const long = submit(decoder, { promptIds: prompt(600, 9), settings: { maxNewTokens: 2 } });
    let steps = 0;
    for (
      let events: DecodedToken[] = [];
      !events.some(({ request }) => request === long);
      steps++
    ) {
      events = tokensOf(step(decoder));
      expect(events.some(({ request }) => request === 0)).toBe(true);
    }
    expect(steps).toBe(Math.ceil(600 / 31));
  });

  it("forgets what is cancelled, waiting or running, and serves the others", async () => {
    const prepared = load();
    const decoder = decoderOf(prepared, { rows: 2 });
    const settings = { maxNewTokens: 10 };
    for (let i = 0; i < 5; i++) submit(decoder, { promptIds: prompt(6, i), settings });
    step(decoder);
    cancel(decoder, 0);
    cancel(decoder, 3);
    cancel(decoder, 99);
    const answers = finish(decoder);
    expect(Object.keys(answers)).toEqual(["1", "2", "4"]);
    expect(answers[1]!.ids).toEqual((await alone(prepared, prompt(6, 1), settings)).slice(1));
    for (const i of [2, 4]) {
      expect(answers[i]!.ids).toEqual(await alone(prepared, prompt(6, i), settings));
    }
  });

  it("computes a beginning that prompts share once, and copies it", async () => {
    const prepared = load({ max_position_embeddings: 512 });
    const header = Array.from(prompt(100));
    const prompts = [1, 2, 3, 4].map((i) => Int32Array.from([...header, ...prompt(10, 50 + i)]));
    const settings = { maxNewTokens: 5 };
    const decoder = decoderOf(prepared, { rows: 4 });
    for (const promptIds of prompts) submit(decoder, { promptIds, settings });
    const answers = finish(decoder);
    for (const [i, promptIds] of prompts.entries()) {
      expect(answers[i]!.ids).toEqual(await alone(prepared, promptIds, settings));
    }
    // The last token of an answer is never computed.
    expect(decoder.computed).toBe(100 + 4 * (10 + 4));
    // What an earlier text has left serves later ones.
    submit(decoder, { promptIds: prompts[2]!, settings });
    expect(finish(decoder)[4]).toEqual(answers[2]);
    expect(decoder.computed).toBe(100 + 4 * (10 + 4) + 5);
  });

  it("keeps within its memory: texts wait, and one that never fits is refused", async () => {
    const prepared = load({ max_position_embeddings: 4096 });
    const memoryBytes = 512 * bytesPerToken(prepared);
    const decoder = decoderOf(prepared, { rows: 8, memoryBytes });
    const settings = { maxNewTokens: 10 };
    const lengths = [20, 30, 40, 300, 20, 30];
    lengths.forEach((length, i) => {
      submit(decoder, { promptIds: prompt(length, i), settings });
    });
    const answers: number[][] = lengths.map(() => []);
    while (!isIdle(decoder)) {
      for (const { request, tokenId } of tokensOf(step(decoder))) answers[request]!.push(tokenId);
      for (const { keys } of decoder.storage) expect(keys.size(0)).toBeLessThanOrEqual(512);
    }
    for (const [i, length] of lengths.entries()) {
      expect(answers[i]).toEqual(await alone(prepared, prompt(length, i), settings));
    }
    expect(() => submit(decoder, { promptIds: prompt(510), settings })).toThrow(DataError);
    expect(isIdle(decoder)).toBe(true);
  });

  it.each([
    ["dynamic", { rope_type: "dynamic", rope_theta: 1e4, factor: 4 }, 32],
    [
      "longrope",
      {
        rope_type: "longrope",
        rope_theta: 1e4,
        short_factor: Array.from({ length: 8 }, () => 1),
        long_factor: Array.from({ length: 8 }, (_, i) => 2 + i / 2),
        original_max_position_embeddings: 32,
        factor: 8,
      },
      256,
    ],
  ])("rotates by each text's own length with %s scaling", async (_, rope_parameters, positions) => {
    const prepared = load({ rope_parameters, max_position_embeddings: positions });
    const decoder = decoderOf(prepared);
    const settings = { maxNewTokens: 20 };
    // Within the trained length, across it, beyond it; some begin alike.
    const prompts = [prompt(5), prompt(25), prompt(40), prompt(60), prompt(25, 8)];
    for (const promptIds of prompts) submit(decoder, { promptIds, settings });
    const answers = finish(decoder);
    for (const [i, promptIds] of prompts.entries()) {
      expect(answers[i]!.ids).toEqual(await alone(prepared, promptIds, settings));
    }
  });

  it("takes pages from texts that came last where answers outgrow them, and goes on with them later", async () => {
    const prepared = load({ max_position_embeddings: 4096 });
    const decoder = decoderOf(prepared, { memoryBytes: 320 * bytesPerToken(prepared) });
    const settings = { maxNewTokens: 120, temperature: 0.7, repetitionPenalty: 1.1 };
    const lengths = [40, 50, 45, 30, 60];
    lengths.forEach((length, i) => {
      submit(decoder, { promptIds: prompt(length, i), settings, random: seededRandom(i) });
    });
    const answers: number[][] = lengths.map(() => []);
    let most = 0;
    let suspended = 0;
    while (!isIdle(decoder)) {
      const before = decoder.running.length;
      const tokens = tokensOf(step(decoder));
      for (const { request, tokenId } of tokens) answers[request]!.push(tokenId);
      const ended = tokens.filter(({ finishReason }) => finishReason).length;
      most = Math.max(most, decoder.running.length);
      if (decoder.running.length < before - ended) suspended++;
    }
    expect(most).toBeGreaterThan(2);
    expect(suspended).toBeGreaterThan(0);
    for (const [i, length] of lengths.entries()) {
      expect(answers[i]).toEqual(await alone(prepared, prompt(length, i), settings, i));
    }
    expect(decoderLoad(decoder)).toMatchObject({ running: 0, waiting: 0, pagesInUse: 0 });
  });

  it("computes a prompt once for several answers to it", () => {
    const prepared = load({ max_position_embeddings: 512 });
    const decoder = decoderOf(prepared);
    const settings = { maxNewTokens: 6, temperature: 1 };
    const answer = () => {
      const promptIds = prompt(200);
      for (let i = 0; i < 4; i++) {
        submit(decoder, { promptIds, settings, random: seededRandom(i) });
      }
      return finish(decoder);
    };
    const answers = answer();
    // The last token of a prompt is computed for each answer, the last of an answer for none.
    expect(decoder.computed).toBe(200 + 3 + 4 * 5);
    expect(new Set(answers.map(({ ids }) => ids.join())).size).toBe(4);
    expect(decoderLoad(decoder).pagesKept).toBeGreaterThan(200 / 16);
  });

  it("reads of a longer conversation only what is new, and nothing anew after it was forgotten", () => {
    const prepared = load({ max_position_embeddings: 1024 });
    const decoder = decoderOf(prepared, { rows: 1 });
    const settings = { maxNewTokens: 8 };
    const first = prompt(400);
    submit(decoder, { promptIds: first, settings });
    const [{ ids: answer } = { ids: [] }] = finish(decoder);
    const second = Int32Array.from([...first, ...answer, ...prompt(20, 8)]);
    const before = decoder.computed;
    submit(decoder, { promptIds: second, settings });
    const events: DecodedToken[] = [];
    while (!isIdle(decoder)) events.push(...tokensOf(step(decoder)));
    expect(decoder.computed - before).toBe(1 + 20 + 7);
    expect(events.every(({ cachedTokens }) => cachedTokens === 407)).toBe(true);
    forget(decoder);
    expect(decoderLoad(decoder).pagesKept).toBe(0);
    submit(decoder, { promptIds: second, settings });
    expect(finish(decoder)[2]!.ids).toEqual(events.map(({ tokenId }) => tokenId));
    expect(decoder.computed - before).toBe(28 + second.length + 7);
  });

  it("gives clients their turns, and short prompts theirs beside long ones", () => {
    const prepared = load({ max_position_embeddings: 2048 });
    const decoder = decoderOf(prepared, { rows: 2, tokensPerStep: 64 });
    const settings = { maxNewTokens: 2 };
    for (let i = 0; i < 8; i++) {
      submit(decoder, { promptIds: prompt(20, i), settings, client: "many" });
    }
    submit(decoder, { promptIds: prompt(20, 20), settings, client: "one" });
    expect(decoderLoad(decoder)).toMatchObject({ running: 0, waiting: 9, waitingTokens: 9 * 22 });
    const ends: number[] = [];
    while (!isIdle(decoder)) {
      for (const { request, finishReason } of tokensOf(step(decoder))) {
        if (finishReason) ends.push(request);
      }
    }
    expect(ends.indexOf(8)).toBeLessThan(2);
    const long = submit(decoder, { promptIds: prompt(1500, 21), settings });
    step(decoder);
    const short = submit(decoder, { promptIds: prompt(30, 22), settings });
    let steps = 0;
    const answered: number[] = [];
    for (; !answered.includes(short); steps++) {
      answered.push(...tokensOf(step(decoder)).map(({ request }) => request));
    }
    expect(steps).toBe(1);
    expect(answered).not.toContain(long);
    finish(decoder);
  });

  it("reads prompts in pieces that fit into the time of a step", () => {
    const prepared = load({ max_position_embeddings: 1024 });
    const decoder = decoderOf(prepared, { stepSeconds: 1e-9 });
    submit(decoder, { promptIds: prompt(4), settings: { maxNewTokens: 60 } });
    step(decoder);
    step(decoder);
    submit(decoder, { promptIds: prompt(300, 9), settings: { maxNewTokens: 2 } });
    const read: number[] = [];
    while (decoder.running.length < 2 || decoder.running[1]!.held < 300) {
      const before = decoder.computed;
      expect(step(decoder)).not.toEqual([]);
      read.push(decoder.computed - before - 1);
    }
    // At first it is unknown how long they take.
    expect(read.slice(0, 3)).toEqual([64, 16, 16]);
    finish(decoder);
  });

  it.each([1, 2, 3])(
    "gives the same beside whatever comes and is cancelled (seed %d)",
    async (seed) => {
      const prepared = load({ max_position_embeddings: 512 });
      const memoryBytes = 480 * bytesPerToken(prepared);
      const decoder = decoderOf(prepared, { rows: 5, tokensPerStep: 40, memoryBytes });
      const random = seededRandom(seed);
      const below = (limit: number) => Math.floor(nextUniform(random) * limit);
      const settings = { maxNewTokens: 14 };
      const header = Array.from(prompt(70));
      const prompts = Array.from({ length: 24 }, (_, i) =>
        Int32Array.from([...header.slice(0, below(71)), ...prompt(1 + below(50), i)]),
      );
      const answers: number[][] = prompts.map(() => []);
      const cancelled = new Set<number>();
      let next = 0;
      while (next < prompts.length || !isIdle(decoder)) {
        for (let i = below(3); i > 0 && next < prompts.length; i--) {
          submit(decoder, { promptIds: prompts[next++]!, settings, client: String(below(3)) });
        }
        for (const { request, tokenId } of tokensOf(step(decoder))) answers[request]!.push(tokenId);
        if (below(8) === 0 && next > 0) {
          const one = below(next);
          cancel(decoder, one);
          if (answers[one]!.length < 14) cancelled.add(one);
        }
      }
      for (const [i, promptIds] of prompts.entries()) {
        const expected = await alone(prepared, promptIds, settings);
        const found = answers[i]!;
        expect(found).toEqual(cancelled.has(i) ? expected.slice(0, found.length) : expected);
      }
      expect(cancelled.size).toBeGreaterThan(0);
      const { pagesInUse, pagesKept, pages } = decoderLoad(decoder);
      expect([pagesInUse, pages]).toEqual([0, 30]);
      forget(decoder);
      expect(pagesKept).toBeGreaterThan(0);
      expect(decoder.tree.free.length + decoder.tree.count - decoder.tree.untouched).toBe(30);
    },
  );

  it("refuses what cannot be answered, and goes on", () => {
    const prepared = load();
    const decoder = decoderOf(prepared);
    expect(() => submit(decoder, { promptIds: new Int32Array() })).toThrow(DataError);
    expect(() => submit(decoder, { promptIds: Int32Array.of(128) })).toThrow(DataError);
    expect(() => submit(decoder, { promptIds: prompt(64) })).toThrow(DataError);
    const settings = { temperature: -1 };
    expect(() => submit(decoder, { promptIds: prompt(3), settings })).toThrow(ConfigError);
    expect(isIdle(decoder)).toBe(true);
    expect(step(decoder)).toEqual([]);
  });

  it("leaves nothing behind", async () => {
    const prepared = load();
    const decoder = decoderOf(prepared, { rows: 3 });
    let round = 0;
    await expectNoLeak(
      () => {
        for (let i = 0; i < 4; i++) {
          submit(decoder, { promptIds: prompt(4 + i, round++), settings: { maxNewTokens: 4 } });
        }
        step(decoder);
        cancel(decoder, decoder.requests - 1);
        finish(decoder);
      },
      { warmUp: 10, iterations: 60 },
    );
  });
});
