/** Logits processors and sampling filters against transformers', on the same logits. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  applyTemperature,
  banRepeatedNgrams,
  keepMinP,
  keepTopK,
  keepTopP,
  penaliseRepetition,
} from "../../src/generate/index.js";
import { fixture, fixtureTensors } from "./fixtures.js";

interface Case {
  name: string;
  settings: Record<string, number>;
  order: string[];
  kept: number[];
}

const { ids, cases } = JSON.parse(readFileSync(fixture("generation/processors.json"), "utf8")) as {
  ids: number[];
  cases: Case[];
};
const tensors = fixtureTensors("generation/processors.safetensors");

/** Ours under the names of transformers' classes. */
const processors: Record<string, (logits: Float32Array, settings: Case["settings"]) => void> = {
  RepetitionPenaltyLogitsProcessor: (logits, { repetition_penalty: penalty = 1 }) =>
    penaliseRepetition(logits, new Set(ids), penalty),
  NoRepeatNGramLogitsProcessor: (logits, { no_repeat_ngram_size: size = 0 }) =>
    banRepeatedNgrams(logits, ids, size),
  TemperatureLogitsWarper: (logits, { temperature = 1 }) => applyTemperature(logits, temperature),
  TopKLogitsWarper: (logits, { top_k: k = 0 }) => keepTopK(logits, k),
  TopPLogitsWarper: (logits, { top_p: p = 1 }) => keepTopP(logits, p),
  MinPLogitsWarper: (logits, { min_p: p = 0 }) => keepMinP(logits, p),
};

describe("scores equal transformers' to the last bit", () => {
  it.each(cases)("$name", ({ name, settings, order, kept }) => {
    const logits = tensors.get("logits")!.values.slice();
    for (const processor of order) processors[processor]!(logits, settings);
    const finite = [...logits.keys()].filter((id) => Number.isFinite(logits[id]));
    expect(finite).toEqual(kept);
    expect(Array.from(logits)).toEqual(Array.from(tensors.get(`${name}.scores`)!.values));
  });
});
