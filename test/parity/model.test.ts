/** Logits of small random Llama checkpoints against transformers, for every way to stretch RoPE. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { forward, loadModel, modelTensors } from "../../src/models/index.js";
import { dispose, liveTensors } from "../../src/tensor/index.js";
import { fixture, fixtureTensors } from "./fixtures.js";
import { expectClose, passUlps } from "./tolerance.js";

interface Case {
  name: string;
  weights: string;
  config: Record<string, unknown>;
  inputs: { ids: number[]; logits: string }[];
}

const { cases } = JSON.parse(readFileSync(fixture("model/cases.json"), "utf8")) as {
  cases: Case[];
};
const expected = fixtureTensors("model/logits.safetensors");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-model-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function checkpoint({ name, weights, config }: Case): string {
  const directory = path.join(work, name);
  cpSync(fixture(`model/${weights}`), directory, { recursive: true });
  writeFileSync(path.join(directory, "config.json"), JSON.stringify(config));
  return directory;
}

describe("logits equal transformers'", () => {
  it.each(cases)("$name", (one) => {
    const before = liveTensors();
    const model = loadModel(checkpoint(one));
    for (const { ids, logits } of one.inputs) {
      const result = forward(model, Int32Array.from(ids));
      const ours = new Float32Array(result.bytes().buffer);
      const theirs = expected.get(logits)!;
      expect(result.shape).toEqual([ids.length, model.config.vocab_size]);
      expectClose(ours, theirs.values, passUlps(2, 48), `${ids.length} ids`);
      result.dispose();
    }
    dispose(modelTensors(model));
    expect(liveTensors()).toBe(before);
  });
});
