/** Greedy ids of a small random model against transformers' and PEFT's. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  createDecoder,
  type Decoder,
  disposeDecoder,
  generateTokens,
} from "../../src/generate/index.js";
import { loadAdapter } from "../../src/lora/index.js";
import {
  loadModel,
  modelTensors,
  type PreparedModel,
  prepareModel,
} from "../../src/models/index.js";
import { dispose, liveTensors } from "../../src/tensor/index.js";
import { fixture } from "./fixtures.js";
import { type GreedyCase, ourSettings, readGeneration } from "./greedyCases.js";

/** On a decoder of its own, or on one that other prompts have used. */
async function greedy(
  prepared: PreparedModel,
  { settings, prompt_ids }: GreedyCase,
  used?: Decoder,
): Promise<number[]> {
  const ids: number[] = [];
  const decoder = used ?? createDecoder(prepared);
  const tokens = generateTokens(decoder, Int32Array.from(prompt_ids), {
    settings: ourSettings(settings),
  });
  for await (const { tokenId } of tokens) ids.push(tokenId);
  if (!used) disposeDecoder(decoder);
  return ids;
}

describe("a small random model", () => {
  const { base, cases } = readGeneration<{ base: string; cases: GreedyCase[] }>("tiny_greedy.json");

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

  it("gives the same ids from a decoder that other prompts have used", async () => {
    const model = loadModel(fixture(base), { dtype: "float32" });
    const prepared = prepareModel(model);
    const decoder = createDecoder(prepared);
    for (const one of [...cases, ...cases]) {
      expect(await greedy(prepared, one, decoder)).toEqual(one.output_ids);
    }
    disposeDecoder(decoder);
    prepared.dispose();
    dispose(modelTensors(model));
  });
});
