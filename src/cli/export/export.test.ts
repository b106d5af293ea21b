/** Exports from every kind of source: what is in them, and what is said. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { locateModel } from "../../generate/index.js";
import { testAdapter, writeTestModel } from "../../generate/testModel.js";
import { forward, loadModel, modelTensors } from "../../models/index.js";
import { type DType, dispose, liveTensors, tidy } from "../../tensor/index.js";
import { exportForms } from "./forms.js";
import type { ExportFlags } from "./writeForm.js";

const fixtures = path.resolve(import.meta.dirname, "../../../test/parity/fixtures");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-export-"));
const model = writeTestModel({ generation: { temperature: 0.5, eos_token_id: 2 } });
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

const place = (name: string) => path.join(work, name);

async function exported(out: string, source: string, flags: Partial<ExportFlags> = {}) {
  const before = liveTensors();
  const said: string[] = [];
  const defaults = {
    adapter: [],

    compare: true,
    force: false,
    to: "safetensors",
  };
  const given = { ...defaults, model: source, out: place(out), ...flags };
  const write = await exportForms[given.to]!.load();
  const found = await locateModel(given.model, given.adapter);
  const report = await write(found, given, (line) => said.push(line));
  expect(liveTensors(), "tensors left alive").toBe(before);
  return { ...report, said: said.join("\n") };
}

function logitsOf(directory: string, dtype: DType = "float32"): number[] {
  const loaded = loadModel(directory, { dtype });
  const values = tidy(() => {
    const logits = forward(loaded, Int32Array.of(3, 9, 27, 4, 12)).to({ dtype: "float32" });
    return [...new Float32Array(logits.bytes().slice().buffer)];
  });
  dispose(modelTensors(loaded));
  return values;
}

const readJson = (...parts: string[]) => JSON.parse(readFileSync(path.join(...parts), "utf8"));

describe("export --to safetensors", () => {
  it("writes a folder as it is: the same logits, tokenizer and settings of generation", async () => {
    const { json, lines } = await exported("plain", model);
    expect(json.comparison).toMatchObject({ largest_difference: 0 });
    expect(lines[0]).toMatch(/plain: 21 weights, /);
    expect(readJson(place("plain"), "config.json")).toEqual(readJson(model, "config.json"));
    expect(readJson(place("plain"), "generation_config.json")).toEqual({
      temperature: 0.5,
      eos_token_id: 2,
    });
    expect(readdirSync(place("plain")).sort()).toEqual(
      expect.arrayContaining(["model.safetensors", "tokenizer.json", "tokenizer_config.json"]),
    );
  });

  it("merges adapters, in shards of the size that was asked for", async () => {
    const { json, said } = await exported("adapter", model, { adapter: [testAdapter] });
    expect(json.comparison).toMatchObject({ same_choice: expect.any(Number) });
    expect(said).toMatch(/merging .*lora\/adapter into/);
    const [plain, merged] = [logitsOf(model), logitsOf(place("adapter"))];
    expect(Math.max(...plain.map((value, i) => Math.abs(value - merged[i]!)))).toBeGreaterThan(
      0.01,
    );
  });

  it("weighs adapters as it is asked to", async () => {
    const adapter = [
      { name: testAdapter, weight: 0.25 },
      { name: testAdapter, weight: 0.75 },
    ];
    const { json, said } = await exported("weighted", model, { adapter });
    expect(json.adapter_weights).toEqual([0.25, 0.75]);
    expect(said).toMatch(/adapter \(weight 0\.25\) into .*\n {4}and .*\(weight 0\.75\)/);
    const [whole, weighted] = [logitsOf(place("adapter")), logitsOf(place("weighted"))];
    expect(Math.max(...whole.map((value, i) => Math.abs(value - weighted[i]!)))).toBeLessThan(1e-4);
  });

  it("writes the values of weights that bitsandbytes quantized, in the model's type", async () => {
    const source = path.join(fixtures, "bitsandbytes/nf4");
    const { said } = await exported("nf4", source, { compare: false });
    expect(said).toMatch(/stored as NF4 .* their values are written as bfloat16/);
    const config = readJson(place("nf4"), "config.json");
    expect(config.quantization_config).toBeUndefined();
    expect(logitsOf(place("nf4"), "bfloat16")).toEqual(logitsOf(source, "bfloat16"));
    const { json } = await exported("nf4-float32", source, { dtype: "float32" });
    expect(json.comparison).toMatchObject({ largest_difference: 0 });
  });

  it("replaces only what it is asked to", async () => {
    await exported("twice", model, { compare: false });
    await expect(exported("twice", model)).rejects.toThrow(/twice exists/);
    await exported("twice", model, { compare: false, force: true });
    writeFileSync(place("a file"), "");
    await expect(exported("a file", model, { force: true })).rejects.toThrow(/a file of this name/);
    await expect(
      exported(path.basename(model), model, { out: model, force: true }),
    ).rejects.toThrow(/is, or holds/);
  });
});
