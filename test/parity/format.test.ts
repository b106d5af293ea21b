/** Files and configurations read as the packages gguf, safetensors and transformers read them. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import {
  openSafetensors,
  type WeightDType,
  type WeightReader,
  writeSafetensors,
  writeShardedSafetensors,
} from "../../src/format/index.js";
import { configure, openModelWeights } from "../../src/models/index.js";
import { builtinModelPath } from "../../src/util/builtin-model.js";

const fixtures = fileURLToPath(new URL("./fixtures/format/", import.meta.url));
const fixture = (name: string) => join(fixtures, name);
const json = (name: string) => JSON.parse(readFileSync(fixture(name), "utf8"));

interface Loaded {
  config: Record<string, unknown>;
  tensors: Record<string, { shape: number[]; sha256: string }>;
}

/** All bytes of a weight, copied out of its chunks. */
function readAll(weights: WeightReader, name: string, maxElements?: number): Buffer {
  const pieces: Uint8Array[] = [];
  for (const { data } of weights.chunks(name, maxElements)) pieces.push(data.slice());
  return Buffer.concat(pieces);
}

/** Single-precision bytes of a weight of any floating type. */
function readSingle(weights: WeightReader, name: string, maxElements?: number): Uint8Array {
  const single: Float32Array[] = [];
  for (const { data, count, dtype } of weights.chunks(name, maxElements)) {
    const { buffer, byteOffset } = data.slice();
    if (dtype === "F32") single.push(new Float32Array(buffer, byteOffset, count));
    else single.push(Float32Array.from(new Uint16Array(buffer, byteOffset, count), half(dtype)));
  }
  return Buffer.concat(single.map((part) => new Uint8Array(part.buffer)));
}

function half(dtype: WeightDType): (bits: number) => number {
  if (dtype === "BF16") return (bits) => new Float32Array(new Uint32Array([bits << 16]).buffer)[0]!;
  return (bits) => {
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
    return bits & 0x8000 ? -size : size;
  };
}

function expectEqualToTransformers(path: string, expected: Loaded, maxElements?: number): void {
  const source = openModelWeights(path);
  expect(source.names().sort()).toEqual(Object.keys(expected.tensors).sort());
  for (const [name, { shape, sha256 }] of Object.entries(expected.tensors)) {
    expect(source.info(name).shape, name).toEqual(shape);
    const hash = createHash("sha256")
      .update(readSingle(source, name, maxElements))
      .digest("hex");
    expect(hash, name).toBe(sha256);
  }
  const { eos_token_id, ...config } = expected.config;
  expect(source.config).toMatchObject({ ...config, eos_token_id: [eos_token_id] });
  source.close();
}

it.each(["llama.gguf", "qwen2.gguf", "qwen3.gguf"])("reads %s as transformers does", (name) => {
  const expected = json("transformers.json") as Record<string, Loaded>;
  expectEqualToTransformers(fixture(name), expected[name]!);
  for (const maxElements of [1, 300, 3000]) {
    expectEqualToTransformers(fixture(name), expected[name]!, maxElements);
  }
});

it.skipIf(!existsSync(builtinModelPath()))(
  "reads all of the built-in model as transformers does (skipped where it is not set up)",
  () => {
    expectEqualToTransformers(builtinModelPath(), json("smollm2.json") as Loaded);
  },
);

it("writes the same bytes as the safetensors package", () => {
  const path = fixture("reference.safetensors");
  const file = openSafetensors(path);
  const folder = mkdtempSync(join(tmpdir(), "format-"));
  const copy = join(folder, "copy.safetensors");
  const entries = file
    .names()
    .reverse()
    .map((name) => ({ name, ...file.info(name), data: () => readAll(file, name, 2) }));
  writeSafetensors(copy, entries, Object.fromEntries(file.metadata));
  expect(readFileSync(copy).equals(readFileSync(path))).toBe(true);
  rmSync(folder, { recursive: true });
});

it("reads a directory that transformers saved in shards", () => {
  const source = openModelWeights(fixture("sharded"));
  const map = json("sharded/model.safetensors.index.json").weight_map as Record<string, string>;
  expect(source.kind).toBe("directory");
  expect(source.names().sort()).toEqual(Object.keys(map).sort());
  expect(source.config).toMatchObject({ model_type: "llama", hidden_size: 32, dtype: "bfloat16" });
  const name = "model.layers.1.mlp.down_proj.weight";
  const shard = openSafetensors(fixture(`sharded/${map[name]}`));
  expect(source.info(name)).toEqual({ shape: [32, 48], dtype: "BF16", storedType: "BF16" });
  expect(readAll(source, name, 100).equals(readAll(shard, name))).toBe(true);
});

it("splits a model into the shards that transformers makes of it, with the same index", () => {
  const source = openModelWeights(fixture("sharded"));
  const map = json("sharded/model.safetensors.index.json").weight_map as Record<string, string>;
  const folder = mkdtempSync(join(tmpdir(), "format-"));
  // transformers' order is the model's: embedding, then each layer's parts as they are declared.
  const parts = ["q", "k", "v", "o", "gate", "up", "down", "input_layer", "post_attention"];
  const place = (name: string) =>
    (Number(/layers\.(\d)/.exec(name)?.[1] ?? (name.includes("embed") ? -1 : 9)) + 1) * 100 +
    parts.findIndex((part) => name.includes(`.${part}`));
  const entries = Object.keys(map)
    .sort((a, b) => place(a) - place(b))
    .map((name) => ({ name, ...source.info(name), data: () => readAll(source, name) }));
  writeShardedSafetensors(folder, entries, { maxShardBytes: 10_000 });
  for (const file of ["model.safetensors.index.json", ...new Set(Object.values(map))]) {
    const ours = readFileSync(join(folder, file));
    expect(ours.equals(readFileSync(fixture(`sharded/${file}`))), file).toBe(true);
  }
  rmSync(folder, { recursive: true });
});

it("reads rotary embeddings from transformers' config.json in its new and its older form", () => {
  const cases = json("configs.json") as Record<string, { config: Record<string, unknown> }>;
  for (const [name, { config }] of Object.entries(cases)) {
    const parsed = configure(config, "config.json");
    const { rope_parameters, ...rest } = config;
    const { rope_theta, ...scaling } = rope_parameters as Record<string, unknown>;
    const older = { ...rest, rope_theta, rope_scaling: name === "default" ? null : scaling };
    expect(parsed.rope_theta).toBe(500000);
    expect(parsed.rope_scaling).toEqual(name === "default" ? null : scaling);
    expect({ ...configure(older, "config.json"), raw: 0 }).toEqual({ ...parsed, raw: 0 });
  }
});
