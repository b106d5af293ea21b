/** Adapters merged into their models: the weights that PEFT's `merge_and_unload` gives, and the logits of the adapter. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openWeightDirectory, writeShardedSafetensors } from "../../src/format/index.js";
import { layeredLogits, mergedWeights } from "../../src/lora/index.js";
import {
  forward,
  loadModel,
  modelTensors,
  openModelWeights,
  readModelConfig,
  writeModelConfig,
} from "../../src/models/index.js";
import { type DType, dispose, liveTensors, type Tensor, tidy } from "../../src/tensor/index.js";
import { fixture, fixtureRaw, fixtureTensors } from "./fixtures.js";

interface Adapters {
  ids: number[];
  cases: { name: string; base: string }[];
  stack: { base: string; adapters: string[]; weights: number[] };
}

const read = <Value>(name: string) => JSON.parse(readFileSync(fixture(name), "utf8")) as Value;
const { ids, cases, stack } = read<Adapters>("adapters/cases.json");
const merges = read<{ name: string; base: string; tied: boolean }[]>("merged/cases.json");

const work = mkdtempSync(path.join(tmpdir(), "tunewright-merge-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const model = (name: string) => fixture(`model/${name}`);

/** Writes a merged model; nothing of it stays in memory. */
function merge(
  base: string,
  adapters: readonly string[],
  dtype?: DType,
  weights: readonly number[] = [],
): string {
  const before = liveTensors();
  const out = mkdtempSync(path.join(work, "merged-"));
  const merged = mergedWeights(base, adapters, { dtype, weights });
  writeShardedSafetensors(out, merged.entries, { maxShardBytes: 40_000 });
  writeModelConfig(out, merged.config);
  merged.close();
  expect(liveTensors(), "tensors left alive").toBe(before);
  return out;
}

const floats = (tensor: Tensor) => new Float32Array(tensor.bytes().slice().buffer);

function logitsOf(directory: string): Float32Array {
  return tidy(() => {
    const model = loadModel(directory);
    const result = floats(forward(model, Int32Array.from(ids)));
    dispose(modelTensors(model));
    return result;
  });
}

const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs));

function distance(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  return largest(actual.map((value, i) => value - expected[i]!)) / largest(expected);
}

const adapterLogits = (name: string) => {
  return fixtureTensors(`adapters/${name}.safetensors`).get("logits")!.values;
};

describe.each(cases)("a merged adapter of PEFT: $name", ({ name, base }) => {
  it("has the logits of the adapter beside the model", () => {
    const out = merge(model(base), [fixture(`adapters/${name}`)]);
    expect(distance(logitsOf(out), adapterLogits(name))).toBeLessThan(2e-5);
  });
});

/** Weights in bfloat16 as numbers, by name. */
function weightsOf(directory: string): Map<string, Float32Array> {
  const source = openWeightDirectory(directory);
  const valuesOf = (name: string) => {
    const chunks = [...source.chunks(name)].map(({ data }) => data.slice());
    return widened(Uint8Array.from(Buffer.concat(chunks)));
  };
  const weights = new Map(source.names().map((name) => [name, valuesOf(name)]));
  source.close();
  return weights;
}

function widened(bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const bits = Uint32Array.from(new Uint16Array(bytes.buffer), (half) => half * 2 ** 16);
  return new Float32Array(bits.buffer);
}

/** Where PEFT rounds what it adds to an embedding, or the products of DoRA, before the sum. */
const twiceRounded = /^dora|^outer model.embed_tokens/;

describe.each(merges)("an adapter merged in bfloat16: $name", ({ name, base, tied }) => {
  it("has PEFT's weights, but for roundings of sums between two numbers", () => {
    const halved = merge(model(base), [], "bfloat16");
    const out = merge(halved, [fixture(`adapters/${name}`)]);
    expect(readModelConfig(out).tie_word_embeddings).toBe(tied);
    const ours = weightsOf(out);
    const theirs = fixtureRaw(`merged/${name}.safetensors`);
    for (const [key, { bytes }] of theirs) {
      const [expected, mine] = [widened(bytes), ours.get(key)!];
      const roundsTwice = twiceRounded.test(`${name} ${key}`);
      const others = expected.filter((value, i) => value !== mine[i]).length / expected.length;
      expect(others, key).toBeLessThanOrEqual(roundsTwice ? 0.3 : 0.01);
      // One unit in the last of bfloat16's 8 places, of the value or of what was rounded before; where weight and
      // adapter nearly cancel, of float32's 24 places of what is left of the terms.
      const cancelled = 2 ** -22 * largest(expected);
      expected.forEach((value, i) => {
        const size = roundsTwice ? largest(expected) : Math.abs(value);
        expect(Math.abs(value - mine[i]!), key).toBeLessThanOrEqual(2 ** -7 * size + cancelled);
      });
    }
    const plain = weightsOf(halved);
    for (const [key, values] of ours) {
      const before = plain.get(key) ?? plain.get("model.embed_tokens.weight");
      if (!theirs.has(key)) expect(values, key).toEqual(before);
    }
  });
});

describe("merging", () => {
  it("takes several adapters, in float32 and rounded once", () => {
    const adapters = stack.adapters.map((name) => fixture(`adapters/${name}`));
    const expected = fixtureTensors("adapters/stack.safetensors");
    const out = merge(model(stack.base), adapters);
    expect(distance(logitsOf(out), expected.get("logits")!.values)).toBeLessThan(2e-5);
    const weighted = merge(model(stack.base), adapters, undefined, stack.weights);
    expect(distance(logitsOf(weighted), expected.get("weighted")!.values)).toBeLessThan(2e-5);
  });

  it.each(cases)("gives logits layer by layer that are the whole model's: $name", (one) => {
    const row = Int32Array.from(ids);
    const logits = tidy(() => {
      return floats(layeredLogits(model(one.base), [fixture(`adapters/${one.name}`)], [row]));
    });
    expect(distance(logits, adapterLogits(one.name))).toBeLessThan(2e-5);
  });

  it("refuses the bias of an adapter on a layer that has none", () => {
    const adapter = path.join(work, "lora-bias");
    cpSync(fixture("adapters/lora-bias"), adapter, { recursive: true });
    expect(() => merge(model("untied"), [adapter])).toThrow(/has a bias \(lora_bias\)/);
  });

  it("refuses a model whose files have 4 bits", () => {
    expect(() => mergedWeights(fixture("bitsandbytes/fp4"), [])).toThrow(/is a quantized model/);
  });
});

describe("a GGUF file", () => {
  it("is written with the values of its codes", () => {
    const file = fixture("format/llama.gguf");
    const row = Int32Array.from({ length: 8 }, (_, i) => i);
    const logitsIn = (path: string) => tidy(() => floats(layeredLogits(path, [], [row])));
    expect(logitsIn(merge(file, []))).toEqual(logitsIn(file));
    const merged = mergedWeights(file, []);
    expect(merged.dequantized).toMatchObject({ dtype: "float32" });
    expect(merged.dequantized!.forms).not.toContain("F32");
    merged.close();
  });
});

const families = ["families", "experts"]
  .flatMap((topic) => readdirSync(fixture(topic)).map((name) => `${topic}/${name}`))
  .filter((name) => existsSync(fixture(`${name}/model`)));

describe.each(families)("the model of %s", (name) => {
  const directory = fixture(`${name}/model`);
  const row = Int32Array.of(3, 9, 27, 4, 12);

  it("is written with its own bytes", () => {
    const source = openModelWeights(directory);
    const merged = mergedWeights(directory, []);
    const stored = source.names().filter((one) => !one.endsWith(".inv_freq"));
    expect(merged.entries.map((entry) => entry.name).sort()).toEqual(stored.sort());
    for (const { name: key, data } of merged.entries) {
      const bytes = Buffer.concat([...source.chunks(key)].map((chunk) => chunk.data.slice()));
      expect(bytes.equals(data() as Uint8Array), key).toBe(true);
    }
    merged.close();
    source.close();
  });

  it("has the same logits layer by layer", () => {
    const layered = tidy(() => floats(layeredLogits(directory, [], [row])));
    const whole = tidy(() => {
      const loaded = loadModel(directory, { dtype: "float32" });
      const logits = floats(forward(loaded, row));
      dispose(modelTensors(loaded));
      return logits;
    });
    expect(distance(layered, whole)).toBeLessThan(1e-5);
  });

  it("computes with its adapter merged what it does beside it", () => {
    const adapter = fixture(`${name}/adapter`);
    const merged = merge(directory, [adapter], "float32");
    const [alone, beside] = [
      layeredLogits(merged, [], [row]),
      layeredLogits(directory, [adapter], [row]),
    ].map(floats);
    expect(distance(alone!, beside!)).toBeLessThan(1e-4);
  });
});
