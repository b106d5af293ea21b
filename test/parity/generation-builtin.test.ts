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
  loadChatModel,
} from "../../src/generate/index.js";
import { forward, prepareModel } from "../../src/models/index.js";
import { encodePrompt, type Message } from "../../src/text/index.js";
import { builtinModelName, builtinModelPath } from "../../src/util/builtin-model.js";
import { fixtureTensors } from "./fixtures.js";
import { type GreedyCase, ourSettings, readGeneration } from "./greedyCases.js";
import { ulps } from "./tolerance.js";

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

  it("logits are transformers', but for roundings", () => {
    interface LogitPrompt {
      ids: number[];
      top50: { ids: number[]; values: number[] };
      sampled_vocabulary: number[];
      statistics: Record<"mean" | "std" | "min" | "max" | "logsumexp", number[]>;
    }
    const { prompts } = readGeneration<{ prompts: LogitPrompt[] }>("smollm2_logits.json");
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
