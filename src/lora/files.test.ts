/** Adapter files as other programs and older versions of PEFT leave them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openSafetensors, type WeightEntry, writeSafetensors } from "../format/index.js";
import { forward, loadModel, modelTensors } from "../models/index.js";
import { dispose, tidy } from "../tensor/index.js";
import { adapterStack, loadAdapter } from "./files.js";

const fixtures = path.resolve(import.meta.dirname, "../../test/parity/fixtures");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-files-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** An adapter of the fixtures whose weights have other names. */
function renamed(name: string, rename: (weight: string) => string): string {
  const directory = path.join(work, `${name}-${Math.random().toString(36).slice(2)}`);
  cpSync(path.join(fixtures, "adapters", name), directory, { recursive: true });
  const file = path.join(directory, "adapter_model.safetensors");
  const reader = openSafetensors(file);
  const entries = reader.names().map((weight): WeightEntry => {
    const bytes = Buffer.concat([...reader.chunks(weight)].map(({ data }) => Buffer.from(data)));
    return {
      name: rename(weight),
      dtype: "F32",
      shape: reader.info(weight).shape,
      data: () => bytes,
    };
  });
  reader.close();
  writeSafetensors(file, entries);
  return directory;
}

function logitsOf(base: string, directory: string): Float32Array {
  const model = loadModel(path.join(fixtures, "model", base));
  try {
    loadAdapter(model, directory);
    const ids = Int32Array.of(5, 90, 7, 33);
    return tidy(() => new Float32Array(forward(model, ids).bytes().slice().buffer));
  } finally {
    dispose(modelTensors(model));
  }
}

describe("names of weights", () => {
  test.each<[string, string, RegExp, string]>([
    ["with the adapter's name", "dora", /lora_([AB])\.weight$/, "lora_$1.default.weight"],
    [
      "DoRA's as a module",
      "dora",
      /lora_magnitude_vector$/,
      "lora_magnitude_vector.default.weight",
    ],
    ["of an embedding", "outer", /lora_embedding_([AB])$/, "lora_embedding_$1.default"],
    [
      "wrapped",
      "saved-embedding",
      /embed_tokens\.weight$/,
      "embed_tokens.modules_to_save.default.weight",
    ],
    ["of token rows", "tokens", /tokens_delta$/, "tokens_delta.default"],
    ["of biases as PEFT 0.5 wrote them", "bias-all", /\.base_layer\.bias$/, ".bias"],
  ])("%s", (_what, name, from, to) => {
    const cases = JSON.parse(readFileSync(path.join(fixtures, "adapters/cases.json"), "utf8")) as {
      cases: { name: string; base: string }[];
    };
    const { base } = cases.cases.find((one) => one.name === name)!;
    const expected = logitsOf(base, path.join(fixtures, "adapters", name));
    const other = renamed(name, (weight) => weight.replace(from, to));
    expect(logitsOf(base, other)).toEqual(expected);
  });

  test("one that nothing reads, one that is missing, and one that is there twice are refused", () => {
    const wrong = (change: (weight: string) => string) => () =>
      logitsOf("untied", renamed("layers", change));
    const first = "layers.1.mlp.down_proj.lora_A";
    expect(wrong((weight) => weight.replace(first, "layers.1.mlp.other.lora_A"))).toThrow(
      /has no base_model\.model\.model\.layers\.1\.mlp\.down_proj\.lora_A\.weight/,
    );
    const all = readFileSync(path.join(fixtures, "adapters/layers/adapter_config.json"), "utf8");
    const narrower = renamed("layers", (weight) => weight);
    const config = { ...JSON.parse(all), target_modules: ["q_proj"] };
    writeFileSync(path.join(narrower, "adapter_config.json"), JSON.stringify(config));
    expect(() => logitsOf("untied", narrower)).toThrow(/does not belong to any layer/);
    const twice = (weight: string) =>
      weight.replace("down_proj.lora_B.weight", "down_proj.lora_A.default.weight");
    expect(wrong(twice)).toThrow(/are the same weight/);
  });
});

test("an embedding with rows for added tokens is refused with how it is merged", () => {
  const directory = renamed("saved-embedding", (weight) => weight);
  const file = path.join(directory, "adapter_model.safetensors");
  const name = "base_model.model.model.embed_tokens.weight";
  const data = () => new Uint8Array(130 * 32 * 4);
  writeSafetensors(file, [{ name, dtype: "F32", shape: [130, 32], data }]);
  let refusal: unknown;
  try {
    logitsOf("tied-bias", directory);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({ todo: expect.stringContaining("resize_token_embeddings(130)") });
});

test("weights of another rank than adapter_config.json says are called that", () => {
  const directory = renamed("layers", (weight) => weight);
  const file = path.join(directory, "adapter_config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, `\uFEFF${JSON.stringify({ ...config, r: 4 })}`);
  let refusal: unknown;
  try {
    logitsOf("untied", directory);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({ why: expect.stringContaining("is not the rank") });
});

test("a part of a higher rank than the weight has is refused", () => {
  const directory = renamed("pissa", (weight) => weight);
  const file = path.join(directory, "adapter_config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, JSON.stringify({ ...config, r: 40, rank_pattern: {} }));
  expect(() => logitsOf("untied", directory)).toThrow(/pissa with rank 40/);
});

test("pickled weights are read where there are no others, and nothing in them is run", () => {
  const directory = renamed("layers", (weight) => weight);
  rmSync(path.join(directory, "adapter_model.safetensors"));
  const hostile = path.join(fixtures, "torch/refused/system.bin");
  cpSync(hostile, path.join(directory, "adapter_model.bin"));
  expect(() => logitsOf("untied", directory)).toThrow(/adapter_model\.bin: .* posix\.system/);
});

test("an adapter whose lower one is missing is refused", () => {
  const directory = renamed("layers", (weight) => weight);
  const file = path.join(directory, "adapter_config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, JSON.stringify({ ...config, adapters_below: ["below/1"] }));
  expect(() => adapterStack(directory)).toThrow(/below\/1, is missing/);
});
