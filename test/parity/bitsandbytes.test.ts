/** Checkpoints quantized by bitsandbytes: their values, and QLoRA on the codes as they are. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSafetensors, weightNotes } from "../../src/format/index.js";
import { isQuantized, quantizeLinear } from "../../src/lora/index.js";
import {
  forward,
  loadModel,
  modelTensors,
  openModelWeights,
  saveModel,
} from "../../src/models/index.js";
import { dispose, liveTensors, tidy } from "../../src/tensor/index.js";
import { fixture, fixtureTensors } from "./fixtures.js";
import { expectClose, passUlps } from "./tolerance.js";

const { cases } = JSON.parse(readFileSync(fixture("bitsandbytes/cases.json"), "utf8")) as {
  cases: string[];
};

/** The ids that logits of the reference belong to. */
function idsOf(name: string): Int32Array {
  const file = openSafetensors(fixture(name));
  const [bytes] = Array.from(file.chunks("ids"), ({ data }) => data.slice());
  file.close();
  return Int32Array.from(new BigInt64Array(bytes!.buffer as ArrayBuffer), Number);
}

/** All values in float32. */
function valuesOf(folder: string, name: string, maxElements?: number): Float32Array {
  const source = openModelWeights(folder);
  const { dtype } = source.info(name);
  const pieces = Array.from(source.chunks(name, maxElements), ({ data }) => data.slice());
  source.close();
  const { buffer } = new Uint8Array(Buffer.concat(pieces));
  if (dtype === "F32") return new Float32Array(buffer);
  const wide = Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16);
  return new Float32Array(wide.buffer);
}

describe.each(cases)("%s", (name) => {
  const folder = fixture(`bitsandbytes/${name}`);

  it("has the values that bitsandbytes gives, in chunks of any size", () => {
    const source = openModelWeights(folder);
    const expected = fixtureTensors(`bitsandbytes/${name}.safetensors`);
    expect(source.names().sort()).toEqual([...expected.keys()].sort());
    for (const [weight, { values, shape }] of expected) {
      expect(source.info(weight).shape, weight).toEqual(shape);
      for (const size of [1, 100, undefined]) {
        expect(valuesOf(folder, weight, size), weight).toEqual(values);
      }
    }
    source.close();
  });

  it("has the logits of a dense model, and is saved as one", () => {
    const model = loadModel(folder, { dtype: "float32" });
    const expected = fixtureTensors(`bitsandbytes/${name}-logits.safetensors`);
    const ids = idsOf(`bitsandbytes/${name}-logits.safetensors`);
    const logits = tidy(() => new Float32Array(forward(model, ids).bytes().slice().buffer));
    expectClose(logits, expected.get("logits")!.values, passUlps(1, 64), "logits");
    const out = mkdtempSync(join(tmpdir(), "dense-"));
    saveModel(model, out, "float32");
    dispose(modelTensors(model));
    const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8")) as object;
    expect(config).not.toHaveProperty("quantization_config");
    const weight = "model.layers.0.mlp.up_proj.weight";
    expect(valuesOf(out, weight)).toEqual(valuesOf(folder, weight));
    rmSync(out, { recursive: true });
  });

  it("is bfloat16, as its other weights are, where nothing else is said", () => {
    const model = loadModel(folder);
    expect(model.dtype).toBe("bfloat16");
    dispose(modelTensors(model));
  });

  it("keeps its codes in QLoRA if they are in NF4 with double quantization", () => {
    const before = liveTensors();
    const model = loadModel(folder, { dtype: "float32", transform: quantizeLinear });
    const file = openSafetensors(join(folder, "model.safetensors"));
    const raw = (key: string) =>
      Buffer.concat(Array.from(file.chunks(key), ({ data }) => data.slice()));
    for (const { linears } of model.branches) {
      for (const linear of Object.values(linears)) {
        if (!isQuantized(linear)) return expect.unreachable("is not quantized");
        linear.parts.forEach((part, i) => {
          const { packed, absmax, nestedAbsmax } = linear.quantized[i]!;
          if (name !== "nf4-double") return;
          const weight = `${part.name}.weight`;
          expect(Buffer.from(packed.bytes()).equals(raw(weight)), weight).toBe(true);
          expect(Buffer.from(absmax.bytes()).equals(raw(`${weight}.absmax`))).toBe(true);
          expect(Buffer.from(nestedAbsmax.bytes()).equals(raw(`${weight}.nested_absmax`))).toBe(
            true,
          );
        });
      }
    }
    file.close();
    if (name === "nf4-double") {
      const expected = fixtureTensors(`bitsandbytes/${name}-logits.safetensors`);
      const ids = idsOf(`bitsandbytes/${name}-logits.safetensors`);
      const logits = tidy(() => new Float32Array(forward(model, ids).bytes().slice().buffer));
      expectClose(logits, expected.get("logits")!.values, passUlps(1, 64), "logits");
      expect(weightNotes(folder)).toEqual([]);
    } else {
      expect(weightNotes(folder)).toEqual([expect.stringContaining("they are quantized anew")]);
    }
    dispose(modelTensors(model));
    expect(liveTensors()).toBe(before);
  });
});

describe("refused", () => {
  it.each<[string, (config: { quantization_config: object }) => object, string]>([
    ["another method", (c) => ({ ...c, quantization_config: { quant_method: "gptq" } }), "by gptq"],
    ["another shape", (c) => ({ ...c, intermediate_size: 64 }), "but config.json asks for"],
  ])("%s", (_, change, message) => {
    const folder = mkdtempSync(join(tmpdir(), "changed-"));
    cpSync(fixture("bitsandbytes/nf4-double"), folder, { recursive: true });
    const file = join(folder, "config.json");
    writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")))));
    expect(() => loadModel(folder)).toThrow(message);
    rmSync(folder, { recursive: true });
  });

  it.each([
    [`"shape": [64, 32]`, `"shape": [64, 31]`, "values of type U8 for the shape"],
    [`"blocksize": 64`, `"blocksize": 32`, "values of absmax where"],
    [`"blocksize": 64`, `"blocksize": "a`, "not JSON"],
    [`"nested_offset"`, `"nested_offxet"`, "has no nested_offset"],
    [`"nested_blocksize": 256`, `"nested_blocksize": 0x6`, "not JSON"],
  ])("a state with %s as %s", (from, to, message) => {
    const folder = mkdtempSync(join(tmpdir(), "changed-"));
    cpSync(fixture("bitsandbytes/nf4-double"), folder, { recursive: true });
    const file = join(folder, "model.safetensors");
    const bytes = readFileSync(file);
    const at = bytes.indexOf(from);
    expect(at).toBeGreaterThan(0);
    bytes.write(to, at);
    writeFileSync(file, bytes);
    expect(() => loadModel(folder)).toThrow(message);
    rmSync(folder, { recursive: true });
  });
});
