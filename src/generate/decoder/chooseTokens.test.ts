/** What a request may ask of the choice of its tokens. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { forward, type PreparedModel } from "../../models/index.js";
import { liveTensors, tidy } from "../../tensor/index.js";
import { ConfigError, DataError } from "../../util/errors.js";
import { openTestModel } from "../openTestModel.js";
import { maskOf } from "../tokenMask.js";
import {
  createDecoder,
  type DecodedToken,
  type DecodeEvent,
  type DecodeRequest,
  type Decoder,
  disposeDecoder,
  isIdle,
  step,
  submit,
  tokensOf,
} from "./index.js";

const vocabulary = 128;
const promptIds = Int32Array.of(1, 30, 60, 90, 31);
let prepared: PreparedModel;
let decoder: Decoder;
let close: () => void;
let before = 0;
beforeEach(() => {
  before = liveTensors();
  ({ prepared, close } = openTestModel({ max_position_embeddings: 256 }));
  decoder = createDecoder(prepared);
});
afterEach(() => {
  disposeDecoder(decoder);
  close();
  expect(liveTensors()).toBe(before);
});

function answer(request: Partial<DecodeRequest>): DecodedToken[] {
  const number = submit(decoder, { promptIds, settings: { maxNewTokens: 12 }, ...request });
  const tokens: DecodedToken[] = [];
  while (!isIdle(decoder)) {
    tokens.push(...tokensOf(step(decoder)).filter(({ request: of }) => of === number));
  }
  return tokens;
}

const idsOf = (tokens: readonly DecodedToken[]) => tokens.map(({ tokenId }) => tokenId);

/** Logits after the last of `ids`, by one pass over all of them. */
function logitsAfter(ids: readonly number[]): Float32Array {
  return tidy(() => {
    const all = forward(prepared.model, Int32Array.from(ids)).bytes().slice();
    return new Float32Array(all.buffer).slice((ids.length - 1) * vocabulary);
  });
}

/** Greedy decoding with logits that `change` has seen, written out. */
function byHand(change: (logits: Float32Array, answer: number[]) => void, count = 12): number[] {
  const found: number[] = [];
  while (found.length < count) {
    const logits = logitsAfter([...promptIds, ...found]);
    change(logits, found);
    found.push(logits.indexOf(Math.max(...logits)));
  }
  return found;
}

describe("a request", () => {
  it("without anything is the most probable tokens", () => {
    expect(idsOf(answer({}))).toEqual(byHand(() => {}));
  });

  it("has OpenAI's penalties on what the answer has, not on the prompt", () => {
    const settings = { maxNewTokens: 12, presencePenalty: 0.4, frequencyPenalty: -0.7 };
    const expected = byHand((logits, found) => {
      for (const id of new Set(found)) logits[id]! -= 0.4;
      for (const id of found) logits[id]! += 0.7;
    });
    expect(idsOf(answer({ settings }))).toEqual(expected);
    expect(expected).not.toEqual(byHand(() => {}));
  });

  it("has what is added to logits", () => {
    const [first] = byHand(() => {}, 1);
    const logitBias = new Map([
      [first!, -100],
      [77, 3],
    ]);
    const expected = byHand((logits) => {
      logits[first!]! -= 100;
      logits[77]! += 3;
    });
    expect(idsOf(answer({ logitBias }))).toEqual(expected);
  });

  it("has only the tokens that it allows, by its answer so far", () => {
    const seen: number[][] = [];
    const allow = (found: readonly number[]) => {
      seen.push([...found]);
      return found.length % 3 === 2 ? null : maskOf(vocabulary, [5 + found.length, 40, 127]);
    };
    const ids = idsOf(answer({ allow }));
    expect(ids).toEqual(
      byHand((logits, found) => {
        if (found.length % 3 === 2) return;
        const allowed = [5 + found.length, 40, 127];
        logits.forEach((_, id) => {
          if (!allowed.includes(id)) logits[id] = -Infinity;
        });
      }),
    );
    expect(seen).toEqual(ids.map((_, i) => ids.slice(0, i)));
    const settings = { maxNewTokens: 40, temperature: 1.5 };
    const drawn = idsOf(answer({ settings, allow: () => maskOf(vocabulary, [3, 64, 65]) }));
    expect(new Set(drawn)).toEqual(new Set([3, 64, 65]));
  });

  it("is told the model's own log probabilities, whatever changes the choice", () => {
    const settings = { maxNewTokens: 6, temperature: 0.8, repetitionPenalty: 1.7 };
    const logitBias = new Map([[9, 4]]);
    const asked = { settings, logitBias, logprobs: 5 };
    const tokens = answer(asked);
    expect(tokens).toHaveLength(6);
    tokens.forEach(({ tokenId, logprobs }, i) => {
      const logits = logitsAfter([...promptIds, ...idsOf(tokens).slice(0, i)]);
      const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
      expect(logprobs!.logprob).toBeCloseTo(logits[tokenId]! - sum, 5);
      const sorted = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!);
      expect(logprobs!.top.map(({ tokenId: id }) => id)).toEqual(sorted.slice(0, 5));
      for (const { tokenId: id, logprob } of logprobs!.top) {
        expect(logprob).toBeCloseTo(logits[id]! - sum, 5);
      }
    });
    expect(answer({ logprobs: 0 })[0]!.logprobs!.top).toEqual([]);
    expect(answer({})[0]).not.toHaveProperty("logprobs");
  });

  it("that fails ends alone", () => {
    const others = [0, 1].map((i) =>
      submit(decoder, { promptIds: promptIds.slice(i), settings: { maxNewTokens: 5 } }),
    );
    const broken = submit(decoder, {
      promptIds,
      allow(found) {
        if (found.length === 2) throw new DataError("no such format");
        return null;
      },
    });
    const banned = submit(decoder, { promptIds, allow: () => new Uint32Array(4) });
    const events: DecodeEvent[] = [];
    while (!isIdle(decoder)) events.push(...step(decoder));
    const ends = [...others, broken, banned].map((number) =>
      events.filter(({ request }) => request === number),
    );
    for (const end of ends.slice(0, 2)) expect(tokensOf(end)).toHaveLength(5);
    expect(ends[2]!.map((event) => ("error" in event ? event.error.message : ""))).toEqual([
      "",
      "",
      "no such format",
    ]);
    expect(ends[3]).toHaveLength(1);
    expect(ends[3]![0]).toMatchObject({
      error: { message: expect.stringMatching(/no token can/) },
    });
  });

  it.each([
    { logprobs: 21 },
    { logprobs: 1.5 },
    { logitBias: new Map([[128, 1]]) },
    { logitBias: new Map([[1, Number.NaN]]) },
    { settings: { presencePenalty: 2.1 } },
    { settings: { frequencyPenalty: Number.NaN } },
  ])("is refused with %o", (request) => {
    expect(() => submit(decoder, { promptIds, ...request })).toThrow(ConfigError);
    expect(isIdle(decoder)).toBe(true);
  });
});
