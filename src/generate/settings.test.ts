import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { greedySettings, readGenerationConfig, resolveSettings } from "./settings.js";
import { writeTestModel } from "./testModel.js";

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});
function model(generation: object): string {
  const directory = writeTestModel({ generation });
  directories.push(directory);
  return directory;
}

describe("settings", () => {
  it("are greedy where nothing is chosen and the model says nothing", () => {
    expect(resolveSettings()).toEqual(greedySettings);
  });

  it("take transformers' top_k 50 once a temperature is chosen", () => {
    expect(resolveSettings({ temperature: 0.7 })).toMatchObject({ temperature: 0.7, topK: 50 });
    expect(resolveSettings({ temperature: 0.7, topK: 0 }).topK).toBe(0);
  });

  it("a filter alone turns sampling on at temperature 1", () => {
    expect(resolveSettings({ topP: 0.9 })).toMatchObject({ temperature: 1, topP: 0.9 });
  });

  it("temperature 0 is greedy whatever the model prefers", () => {
    const settings = resolveSettings({ temperature: 0 }, { temperature: 0.6, topP: 0.9 });
    expect(settings.temperature).toBe(0);
  });

  it("come from the model's generation_config.json where it samples", () => {
    const path = model({ do_sample: true, temperature: 0.3, top_k: 5, repetition_penalty: 1.05 });
    const settings = resolveSettings({ maxNewTokens: 7 }, readGenerationConfig(path));
    const { temperature, topK, topP, repetitionPenalty, maxNewTokens } = settings;
    expect({ temperature, topK, topP, repetitionPenalty, maxNewTokens }).toEqual({
      temperature: 0.3,
      topK: 5,
      topP: 1,
      repetitionPenalty: 1.05,
      maxNewTokens: 7,
    });
  });

  it("without do_sample the model's temperature does not count, its penalty does", () => {
    const found = readGenerationConfig(model({ temperature: 0.3, repetition_penalty: 1.1 }));
    expect(resolveSettings({}, found)).toMatchObject({ temperature: 0, repetitionPenalty: 1.1 });
  });

  it.each([
    ["temperature", { temperature: -1 }],
    ["top_p", { topP: 1.5 }],
    ["top_k", { topK: 2.5 }],
    ["repetition_penalty", { repetitionPenalty: 0 }],
    ["max_new_tokens", { maxNewTokens: 0 }],
    ["temperature", { temperature: Number.NaN }],
    ["stop text", { stop: [""] }],
  ])("refuse a %s out of range: %o", (name, choices) => {
    expect(() => resolveSettings(choices)).toThrow(name);
  });

  it("a broken generation_config.json is named", () => {
    const path = model({});
    writeFileSync(join(path, "generation_config.json"), "{");
    expect(() => readGenerationConfig(path)).toThrow(/generation_config.json: not valid JSON/);
    writeFileSync(join(path, "generation_config.json"), '{"top_k": "many"}');
    expect(() => readGenerationConfig(path)).toThrow(/top_k should be a number/);
  });
});
