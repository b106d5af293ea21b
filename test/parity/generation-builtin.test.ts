/** Greedy ids, texts and logits of the built-in model against transformers'. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ChatModel,
  createDecoder,
  type Decoder,
  disposeChatModel,
  disposeDecoder,
  generateText,
  isIdle,
  loadChatModel,
  step,
  submit,
  tokensOf,
} from "../../src/generate/index.js";
import { forward, prepareModel } from "../../src/models/index.js";
import { encodePrompt, type Message } from "../../src/text/index.js";
import { builtinModelName, builtinModelPath } from "../../src/util/builtin-model.js";
import { fixtureTensors } from "./fixtures.js";
import { type GreedyCase, ourSettings, readGeneration } from "./greedyCases.js";
import { ulps } from "./tolerance.js";

interface LogitPrompts {
  prompts: {
    ids: number[];
    top50: { ids: number[]; values: number[] };
    sampled_vocabulary: number[];
    statistics: Record<"mean" | "std" | "min" | "max" | "logsumexp", number[]>;
  }[];
}

const present = existsSync(builtinModelPath());
if (!present) console.warn("skipped: the built-in model is not set up (./tunewright setup)");

describe.skipIf(!present)("the built-in model in float32", () => {
  interface ChatCase extends GreedyCase {
    messages: Message[];
    text: string;
  }
  const { cases } = readGeneration<{ cases: ChatCase[] }>("smollm2_greedy.json");
  let chat: ChatModel;
  let decoder: Decoder;
  beforeAll(async () => {
    chat = await loadChatModel(builtinModelName, { dtype: "float32" });
    decoder = createDecoder(prepareModel(chat.model));
  });
  afterAll(() => {
    disposeDecoder(decoder);
    decoder.prepared.dispose();
    disposeChatModel(chat);
  });

  it.each(
    cases.map((one, index) => ({
      ...one,
      title: `${index} ${one.messages.at(-1)!.content} ${JSON.stringify(one.settings)}`,
    })),
  )("greedy ids and text: $title", async ({ messages, settings, prompt_ids, output_ids, text }) => {
    const { tokenizer, template, stopTokenIds } = chat;
    const promptIds = await encodePrompt(messages, tokenizer, template);
    expect(Array.from(promptIds)).toEqual(prompt_ids);
    const answer = generateText(decoder, tokenizer, promptIds, {
      settings: ourSettings(settings),
      stopTokenIds,
    });
    let shown = "";
    let step = await answer.next();
    for (; !step.done; step = await answer.next()) shown += step.value;
    expect(step.value.tokenIds).toEqual(output_ids);
    expect(step.value.text).toBe(text);
    expect(shown).toBe(text);
    const ended = output_ids.length < settings.max_new_tokens;
    expect(step.value.finishReason).toBe(ended ? "stop" : "length");
  });

  it("greedy ids are the same together, and however they arrive", () => {
    const promptIds = cases.map(({ prompt_ids }) => Int32Array.from(prompt_ids));
    const ask = (one: Decoder, index: number) =>
      submit(one, {
        promptIds: promptIds[index]!,
        settings: ourSettings(cases[index]!.settings),
        stopTokenIds: chat.stopTokenIds,
        client: String(index % 3),
      });
    // All at once, with room for all; then one or two a step, in another order, in pieces.
    for (const [options, order] of [
      [{ rows: 32 }, cases.map((_, i) => i)],
      [{ rows: 8, tokensPerStep: 48 }, cases.map((_, i) => (i * 11 + 5) % cases.length)],
    ] as const) {
      const one = createDecoder(decoder.prepared, options);
      const found: number[][] = cases.map(() => []);
      const indices = new Map<number, number>();
      const waiting = [...order];
      while (waiting.length > 0 || !isIdle(one)) {
        const arriving = options.rows === 32 ? waiting.length : 1 + (waiting.length % 2);
        for (const index of waiting.splice(0, arriving)) indices.set(ask(one, index), index);
        for (const { request, tokenId } of tokensOf(step(one))) {
          found[indices.get(request)!]!.push(tokenId);
        }
      }
      disposeDecoder(one);
      expect(found).toEqual(cases.map(({ output_ids }) => output_ids));
    }
  }, 300_000);

  it("log probabilities are transformers', but for roundings", () => {
    for (const { ids, top50, statistics } of readGeneration<LogitPrompts>("smollm2_logits.json")
      .prompts) {
      submit(decoder, {
        promptIds: Int32Array.from(ids),
        settings: { maxNewTokens: 1 },
        logprobs: 20,
      });
      const [token] = tokensOf(step(decoder));
      const sum = statistics.logsumexp.at(-1)!;
      const { logprob, top } = token!.logprobs!;
      expect(top.map(({ tokenId }) => tokenId)).toEqual(top50.ids.slice(0, 20));
      for (const [i, one] of top.entries()) {
        expect(one.logprob).toBeCloseTo(top50.values[i]! - sum, 4);
      }
      expect(logprob).toBe(top[0]!.logprob);
    }
  });

  it("logits are transformers', but for roundings", () => {
    const { prompts } = readGeneration<LogitPrompts>("smollm2_logits.json");
    const sampled = fixtureTensors("generation/smollm2_logits.safetensors");
    const vocabulary = chat.model.config.vocab_size;
    let worst = 0;
    let compared = 0;
    const largestLogit = Math.max(...prompts.flatMap(({ statistics }) => statistics.max));
    const compare = (ours: number, theirs: number) => {
      worst = Math.max(worst, Math.abs(ours - theirs));
      compared++;
    };
    prompts.forEach(({ ids, top50, sampled_vocabulary, statistics }, index) => {
      const result = forward(chat.model, Int32Array.from(ids)); // [n, vocab]
      const logits = new Float32Array(result.bytes().slice().buffer);
      result.dispose();
      const { values } = sampled.get(`${index}.sampled`)!;
      ids.forEach((_, position) => {
        const row = logits.subarray(position * vocabulary, (position + 1) * vocabulary);
        sampled_vocabulary.forEach((id, i) => {
          compare(row[id]!, values[position * sampled_vocabulary.length + i]!);
        });
        compare(
          row.reduce((a, b) => Math.max(a, b)),
          statistics.max[position]!,
        );
        compare(
          row.reduce((a, b) => Math.min(a, b)),
          statistics.min[position]!,
        );
      });
      const last = logits.subarray((ids.length - 1) * vocabulary);
      for (const [i, id] of top50.ids.entries()) compare(last[id]!, top50.values[i]!);
    });
    expect(compared).toBeGreaterThan(4000);
    // 240 steps in a row, but each branch adds little to what it is added to, and so do its
    // roundings: 18 units were seen with AVX-512, 18 with AVX2 and 16 with neither; 26 are 1e-4.
    expect(worst / ulps(1, "float32", largestLogit)).toBeLessThan(27);
  });
});
