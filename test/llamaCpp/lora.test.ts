/** Adapters as GGUF files beside GGUF files of their models: llama.cpp chooses the tokens that we choose. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { planGgufLora } from "../../src/lora/index.js";
import { liveTensors } from "../../src/tensor/index.js";
import { randomNumbers } from "../../src/util/testRandom.js";
import { fixture } from "../parity/fixtures.js";
import { changedModel, expectOurChoices, writeModelAsGguf } from "./exported.js";
import { hasLlamaCpp, runLlamaCpp } from "./llamaCpp.js";

const present = await hasLlamaCpp();
const folder = mkdtempSync(path.join(tmpdir(), "gguf-lora-"));
afterAll(() => rmSync(folder, { recursive: true }));

const random = randomNumbers(3);
const prompts = [9, 2].map((length) => ({
  ids: Array.from({ length }, () => random(64)),
  count: 20,
}));

const untied = fixture("model/untied");
const adapterOf = (name: string) => fixture(`adapters/${name}`);
const family = (name: string) => fixture(`families/${name}/model`);
const familyAdapter = (name: string) => fixture(`families/${name}/adapter`);

const cases: [title: string, model: string, adapters: string[], weights?: number[]][] = [
  ["llama, heads in llama.cpp's order", family("llama"), [familyAdapter("llama")]],
  ["qwen3", family("qwen3-untied"), [familyAdapter("qwen3-untied")]],
  ["baichuan, W_pack in three", family("baichuan-7b"), [familyAdapter("baichuan-7b")]],
  [
    "internlm2, wqkv by key heads",
    changedModel("internlm2", { max_position_embeddings: 256 }),
    [familyAdapter("internlm2")],
  ],
  ["ranks and alphas by pattern, rslora", untied, [adapterOf("patterns")]],
  ["some layers", untied, [adapterOf("layers")]],
  [
    "two adapters with weights",
    untied,
    [adapterOf("patterns"), adapterOf("all-linear")],
    [1.5, -0.5],
  ],
];

describe.skipIf(!present)("llama.cpp with an adapter", () => {
  it.each(cases)("%s", async (title, model, adapters, weights = []) => {
    const name = title.replace(/\W+/g, "-");
    const [base, adapter] = ["base", "adapter"].map((kind) =>
      path.join(folder, `${name}-${kind}.gguf`),
    ) as [string, string];
    writeModelAsGguf(model, base, "F16");
    const before = liveTensors();
    planGgufLora(model, adapters, weights, "an adapter").write(adapter);
    expect(liveTensors()).toBe(before);
    const { outputs, log } = await runLlamaCpp({ model: base, adapter, prompts });
    expect(log.filter((line) => line.startsWith("error"))).toEqual([]);
    expect(expectOurChoices(model, prompts, outputs, adapters, weights)).toBeGreaterThan(0.94);
    const alone = await runLlamaCpp({ model: base, prompts });
    expect(alone.outputs).not.toEqual(outputs);
  });
});

describe("adapters that GGUF has no words for are refused, with merging as the way out", () => {
  it.each([
    ["dora", "tied-bias"],
    ["lora-bias", "tied-bias"],
    ["bias-all", "tied-bias"],
    ["saved", "untied"],
    ["saved-linear", "tied-bias"],
    ["outer", "untied"],
    ["outer-tied", "tied-bias"],
    ["pissa", "untied"],
    ["olora", "untied"],
    ["tokens", "untied"],
  ])("%s", (name, base) => {
    const before = liveTensors();
    expect(() => planGgufLora(fixture(`model/${base}`), [adapterOf(name)], [], "one")).toThrow(
      expect.objectContaining({
        message: `${adapterOf(name)} cannot be written as a GGUF adapter`,
        todo: expect.stringContaining("merged"),
      }),
    );
    expect(liveTensors()).toBe(before);
  });
});
