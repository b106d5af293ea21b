import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { halfToSingle } from "./float16.js";
import { GGML_TYPES } from "./ggufTypes.js";
import { openSafetensors } from "./safetensorsReader.js";

// Made by test/parity/format_fixtures.py with gguf's own dequantize.
const fixture = fileURLToPath(
  new URL("../../test/parity/fixtures/format/dequantize.safetensors", import.meta.url),
);

function read(name: string): Buffer {
  const file = openSafetensors(fixture);
  const pieces = [];
  for (const { data } of file.chunks(name)) pieces.push(data.slice());
  file.close();
  return Buffer.concat(pieces);
}

it.each(["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"])(
  "dequantizes %s to the bits of the Python package gguf",
  (name) => {
    const raw = read(`${name}.raw`);
    const expected = read(`${name}.values`);
    const type = [...GGML_TYPES.values()].find((one) => one.name === name)!;
    const blocks = raw.length / type.blockBytes;
    const out = new Float32Array(blocks * type.blockElements);
    type.dequantize?.(raw, 0, out, 0, blocks);
    expect(out.length).toBe(2048);
    expect(Buffer.from(out.buffer).equals(expected)).toBe(true);
  },
);

it("knows the value of halves: normal, subnormal, negative zero, largest, infinite", () => {
  const half = halfToSingle();
  expect(half[0x3c00]).toBe(1);
  expect(half[0xc000]).toBe(-2);
  expect(half[0x0001]).toBe(2 ** -24);
  expect(half[0x8000]).toBe(-0);
  expect(half[0x7bff]).toBe(65504);
  expect(half[0xfc00]).toBe(Number.NEGATIVE_INFINITY);
  expect(half[0x7e00]).toBeNaN();
});
