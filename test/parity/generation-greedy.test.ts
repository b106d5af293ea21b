/** Greedy ids and logits of the built-in model and of a small random one against transformers'. */
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ChatModel,
  createCache,
  disposeCache,
  disposeChatModel,
  generateText,
  generateTokens,
  loadChatModel,
} from "../../src/generate/index.js";
import { loadAdapter } from "../../src/lora/index.js";
import {
  forward,
  loadModel,
  modelTensors,
  type PreparedModel,
  prepareModel,
} from "../../src/models/index.js";
import { dispose, liveTensors } from "../../src/tensor/index.js";
import { encodePrompt, type Message } from "../../src/text/index.js";
import { builtinModelName, builtinModelPath } from "../../src/util/builtin-model.js";
import { fixture, fixtureTensors } from "./fixtures.js";

interface Settings {
  max_new_tokens: number;
  repetition_penalty?: number;
  no_repeat_ngram_size?: number;
}

interface GreedyCase {
  settings: Settings;
  prompt_ids: number[];
  output_ids: number[];
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(fixture(`generation/${name}`), "utf8")) as T;
}

function ourSettings(settings: Settings) {
  return {
    maxNewTokens: settings.max_new_tokens,
    repetitionPenalty: settings.repetition_penalty ?? 1,
    noRepeatNgramSize: settings.no_repeat_ngram_size ?? 0,
  };
}

async function greedy(
  prepared: PreparedModel,
  { settings, prompt_ids }: GreedyCase,
  options: Parameters<typeof generateTokens>[2] = {},
): Promise<number[]> {
  const ids: number[] = [];
  const tokens = generateTokens(prepared, Int32Array.from(prompt_ids), {
    ...options,
    settings: ourSettings(settings),
  });
  for await (const { tokenId } of tokens) ids.push(tokenId);
  return ids;
}

describe("a small random model", () => {
  const { base, cases } = read<{ base: string; cases: GreedyCase[] }>("tiny_greedy.json");

  it("gives transformers' greedy ids, and leaves no tensor behind", async () => {
    const before = liveTensors();
    const model = loadModel(fixture(base), { dtype: "float32" });
    const prepared = prepareModel(model);
    for (const one of cases) expect(await greedy(prepared, one)).toEqual(one.output_ids);
    prepared.dispose();
    dispose(modelTensors(model));
    expect(liveTensors()).toBe(before);
  });

  it("gives transformers' and PEFT's greedy ids with an adapter", async () => {
    const { greedy: expected } = JSON.parse(readFileSync(fixture("lora/cases.json"), "utf8")) as {
      greedy: Omit<GreedyCase, "settings">;
    };
    const before = liveTensors();
    const model = loadModel(fixture(base), { dtype: "float32" });
    loadAdapter(model, fixture("lora/adapter"));
    const prepared = prepareModel(model);
    const settings = { max_new_tokens: expected.output_ids.length };
    expect(await greedy(prepared, { ...expected, settings })).toEqual(expected.output_ids);
    prepared.dispose();
    dispose(modelTensors(model));
    expect(liveTensors()).toBe(before);
  });

  it("gives the same ids from a cache that other prompts have used", async () => {
    const model = loadModel(fixture(base), { dtype: "float32" });
    const prepared = prepareModel(model);
    const cache = createCache(prepared);
    for (const one of [...cases, ...cases]) {
      expect(await greedy(prepared, one, { cache })).toEqual(one.output_ids);
    }
    disposeCache(cache);
    prepared.dispose();
    dispose(modelTensors(model));
  });
});

const present = existsSync(builtinModelPath());
if (!present) console.warn("skipped: the built-in model is not set up (./tunewright setup)");

describe.skipIf(!present)("the built-in model in float32", () => {
  interface ChatCase extends GreedyCase {
    messages: Message[];
    text: string;
  }
  const { cases } = read<{ cases: ChatCase[] }>("smollm2_greedy.json");
  let chat: ChatModel;
  let prepared: PreparedModel;
  beforeAll(async () => {
    chat = await loadChatModel(builtinModelName, { dtype: "float32" });
    prepared = prepareModel(chat.model);
  });
  afterAll(() => {
    prepared.dispose();
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
    const answer = generateText(prepared, tokenizer, promptIds, {
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

  it("logits differ from transformers' by less than 1e-4", () => {
    interface LogitPrompt {
      ids: number[];
      top50: { ids: number[]; values: number[] };
      sampled_vocabulary: number[];
      statistics: Record<"mean" | "std" | "min" | "max" | "logsumexp", number[]>;
    }
    const { prompts } = read<{ prompts: LogitPrompt[] }>("smollm2_logits.json");
    const sampled = fixtureTensors("generation/smollm2_logits.safetensors");
    const vocabulary = chat.model.config.vocab_size;
    let worst = 0;
    let compared = 0;
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
    expect(worst).toBeLessThan(1e-4);
  });
});
