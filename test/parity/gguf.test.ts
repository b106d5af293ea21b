/** Blocks of ggml's types against those of the Python package gguf and of llama.cpp's own quantizers. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dequantizers } from "../../src/format/dequantize.js";
import { encodeBlocks, type GgufWrittenType } from "../../src/format/index.js";
import { fixture, fixtureRaw } from "./fixtures.js";

const tensors = fixtureRaw("gguf/blocks.safetensors");
const { errors } = JSON.parse(readFileSync(fixture("gguf/errors.json"), "utf8")) as {
  errors: Record<string, Record<"Q4_K" | "Q5_K" | "Q6_K", { plain: number; weighted: number }>>;
};

function encode(bytes: Uint8Array, type: GgufWrittenType): Buffer {
  return Buffer.concat([...encodeBlocks(bytes, "F32", type, "values")]);
}

/** Roots of the mean squared error, plain and with the weights that llama.cpp gives to values. */
function errorsOf(values: Float32Array, type: "Q4_K" | "Q5_K" | "Q6_K", blocks: Uint8Array) {
  const decoded = new Float32Array(values.length);
  dequantizers[type].dequantize(blocks, 0, decoded, 0, values.length / 256);
  const part = type === "Q6_K" ? 16 : 32;
  let [plain, weighted, weight] = [0, 0, 0];
  for (let start = 0; start < values.length; start += part) {
    const own = values.subarray(start, start + part);
    const size = Math.sqrt(own.reduce((sum, x) => sum + x * x, 0) / part);
    for (const [i, x] of own.entries()) {
      const square = (decoded[start + i]! - x) ** 2;
      plain += square;
      weighted += (size + Math.abs(x)) * square;
      weight += size + Math.abs(x);
    }
  }
  return { plain: Math.sqrt(plain / values.length), weighted: Math.sqrt(weighted / weight) };
}

describe.each(Object.keys(errors))("blocks of %s values", (name) => {
  const { bytes } = tensors.get(name)!;
  const values = new Float32Array(bytes.buffer);

  it.each(["Q4_0", "Q5_0", "Q8_0"] as const)("%s: gguf's bytes", (type) => {
    expect(encode(bytes, type).equals(tensors.get(`${name}.${type}`)!.bytes)).toBe(true);
  });

  it.each(["Q4_K", "Q5_K", "Q6_K"] as const)("%s: no larger an error than llama.cpp's", (type) => {
    const ours = errorsOf(values, type, encode(bytes, type));
    const theirs = errors[name]![type];
    expect(ours.plain).toBeLessThanOrEqual(theirs.plain);
    expect(ours.weighted).toBeLessThanOrEqual(theirs.weighted);
    expect(ours.plain).toBeGreaterThan(0);
  });
});
