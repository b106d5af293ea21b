/** NF4 with double quantization against bitsandbytes: every byte, every absolute maximum. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dequantizeNf4Tensor, dynamicMap, nf4Code, quantizeNf4 } from "../../src/lora/index.js";
import { type DType, tensor, tidy } from "../../src/tensor/index.js";
import { fixture, fixtureRaw, fixtureTensors } from "./fixtures.js";

const { cases } = JSON.parse(readFileSync(fixture("nf4/cases.json"), "utf8")) as {
  cases: { name: string; shape: number[]; dtype: DType; sha256: Record<string, string> }[];
};

describe("NF4 equals bitsandbytes byte for byte", () => {
  it("has the same tables", () => {
    const maps = fixtureTensors("nf4/maps.safetensors");
    expect(nf4Code).toEqual(maps.get("nf4")!.values);
    expect(dynamicMap(true)).toEqual(maps.get("dynamic_map_signed")!.values);
    expect(dynamicMap(false)).toEqual(maps.get("dynamic_map_unsigned")!.values);
  });

  it.each(cases)("$name", ({ name, sha256 }) => {
    tidy(() => {
      const { bytes, shape, dtype } = fixtureRaw(`nf4/${name}.safetensors`).get("input")!;
      const quantized = quantizeNf4(tensor(bytes, shape, dtype));
      const same = (ours: Uint8Array, key: string) => {
        expect(createHash("sha256").update(ours).digest("hex"), key).toBe(sha256[key]);
      };
      same(quantized.packed.bytes(), "packed");
      same(quantized.absmax.bytes(), "qabsmax");
      same(quantized.nestedAbsmax.bytes(), "nested_absmax");
      same(quantized.offset.bytes(), "offset");
      same(dequantizeNf4Tensor(quantized, "float32").bytes(), "dequantized_fp32");
      same(dequantizeNf4Tensor(quantized, "bfloat16").bytes(), "dequantized_bf16");
    });
  });
});
