/** Every kind of adapter that PEFT makes and that is read: logits, loss and gradients of PEFT's. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  type AttachedAdapter,
  loadAdapter,
  loadStack,
  saveAdapter,
  setStrength,
} from "../../src/lora/index.js";
import {
  type CausalLanguageModel,
  forward,
  loadModel,
  modelTensors,
  prepareModel,
} from "../../src/models/index.js";
import { dispose, liveTensors, tidy } from "../../src/tensor/index.js";
import { createGradients, disposeGradients } from "../../src/train/gradients.js";
import { countLabelled, type TrainingPassSettings, trainingPass } from "../../src/train/pass.js";
import { type FixtureTensor, fixture, fixtureTensors } from "./fixtures.js";

interface Cases {
  ids: number[];
  samples: { ids: number[]; labels: number[] }[];
  cases: { name: string; base: string; loss: number }[];
  stack: { base: string; adapters: string[]; weights: number[] };
}

const { ids, samples, cases, stack } = JSON.parse(
  readFileSync(fixture("adapters/cases.json"), "utf8"),
) as Cases;
const sequences = samples.map((sample) => ({
  inputIds: Int32Array.from(sample.ids),
  labels: Int32Array.from(sample.labels),
}));

const work = mkdtempSync(path.join(tmpdir(), "tunewright-adapters-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A model with the adapters that `load` puts on it; nothing is left of it afterwards. */
function withModel<T>(
  base: string,
  load: (model: CausalLanguageModel) => AttachedAdapter[],
  body: (model: CausalLanguageModel, adapters: AttachedAdapter[]) => T,
): T {
  const before = liveTensors();
  const model = loadModel(fixture(`model/${base}`));
  const result = body(model, load(model));
  dispose(modelTensors(model));
  expect(liveTensors(), "tensors left alive").toBe(before);
  return result;
}

/** Largest difference, as a share of the largest value that was expected. */
function distance(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs));
  return largest(actual.map((value, i) => value - expected[i]!)) / largest(expected);
}

/**
 * How far logits and gradients may be from PEFT's. PiSSA takes singular vectors out of the base weights, and these
 * move by the rounding errors of the processor's LAPACK, divided by the gap between singular values.
 */
const limitOf = (name: string) => (name === "pissa" ? 1e-4 : 1e-5);

function logitsOf(model: CausalLanguageModel): Float32Array {
  return tidy(() => new Float32Array(forward(model, Int32Array.from(ids)).bytes().slice().buffer));
}

describe.each(cases)("an adapter of PEFT: $name", ({ name, base, loss }) => {
  const directory = fixture(`adapters/${name}`);
  const { logits, ...gradients } = Object.fromEntries(
    fixtureTensors(`adapters/${name}.safetensors`),
  ) as Record<string, FixtureTensor>;

  it("has the same logits", () => {
    withModel(
      base,
      (model) => loadAdapter(model, directory),
      (model) => expect(distance(logitsOf(model), logits!.values)).toBeLessThan(limitOf(name)),
    );
  });

  it.each([
    { keepBytes: 0, groupTokens: 1024 },
    { keepBytes: Number.POSITIVE_INFINITY, groupTokens: 12 },
  ])("has the same loss and gradients: keeping $keepBytes, groups of $groupTokens", (variant) => {
    withModel(
      base,
      (model) => loadAdapter(model, directory, { training: true }),
      (model, [adapter]) => {
        const prepared = prepareModel(model, { dtype: "float32", isTraining: true });
        const sums = createGradients(model);
        const settings: TrainingPassSettings = {
          ...variant,
          lossFactor: 1 / countLabelled(sequences),
          dropoutKey: () => null,
          gradientScale: null,
        };
        const ours = tidy(() => trainingPass(prepared, sequences, sums, settings).item());
        expect(Math.abs(ours - loss)).toBeLessThan(limitOf(name));
        const left = new Set(Object.keys(gradients));
        for (const { name: key, parameter, rows } of adapter!.tensors) {
          const view = sums.views.get(parameter.name);
          if (!view) continue;
          const values = tidy(() => {
            const part = rows ? view.narrow(0, rows.start, rows.count) : view;
            return new Float32Array(part.clone().bytes().slice().buffer);
          });
          // One weight under two names has the gradient under one of them.
          if (!left.delete(key)) continue;
          expect(distance(values, gradients[key]!.values), key).toBeLessThan(limitOf(name));
        }
        expect([...left]).toEqual([]);
        const trained = adapter!.tensors.map(({ parameter }) => parameter.name);
        expect([...sums.views.keys()].filter((key) => !trained.includes(key))).toEqual([]);
        disposeGradients(sums);
        prepared.dispose();
      },
    );
  });

  it("is written again as PEFT wrote it", () => {
    const target = path.join(work, name);
    withModel(
      base,
      (model) => loadAdapter(model, directory),
      (_model, adapters) => saveAdapter(adapters, target),
    );
    const theirs = fixtureTensors(`adapters/${name}/adapter_model.safetensors`);
    const ours = fixtureTensors(path.join(target, "adapter_model.safetensors"));
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const [key, { values }] of theirs) {
      expect(distance(ours.get(key)!.values, values), key).toBe(0);
    }
    const read = (from: string) =>
      JSON.parse(readFileSync(path.join(from, "adapter_config.json"), "utf8"));
    expect(read(target)).toEqual(read(directory));
  });
});

describe.each(["pissa", "olora"])("an adapter that began with %s", (name) => {
  it("has the same logits as a plain one of twice the rank", () => {
    const { base } = cases.find((one) => one.name === name)!;
    const target = path.join(work, `${name}-plain`);
    withModel(
      base,
      (model) => loadAdapter(model, fixture(`adapters/${name}`)),
      (_model, adapters) => saveAdapter(adapters, target, { plain: true }),
    );
    const config = JSON.parse(readFileSync(path.join(target, "adapter_config.json"), "utf8"));
    expect(config).toMatchObject({ r: 4, lora_alpha: 8, init_lora_weights: true });
    const { logits } = Object.fromEntries(fixtureTensors(`adapters/${name}.safetensors`));
    withModel(
      base,
      (model) => loadAdapter(model, target),
      (model) => expect(distance(logitsOf(model), logits!.values)).toBeLessThan(limitOf(name)),
    );
  });
});

const whole = ["dora", "bias-all", "saved", "saved-embedding", "pissa", "tokens", "dora-outer"];

it.each(whole)("an adapter that does more than add has no weight: %s", (name) => {
  const { base } = cases.find((one) => one.name === name)!;
  const directory = fixture(`adapters/${name}`);
  withModel(
    base,
    (model) => {
      const adapters = loadStack(model, [directory], { weights: [1] });
      expect(() => setStrength(adapters[0]!, 0.5, name)).toThrow(`${name} counts whole or not`);
      return adapters;
    },
    () => {},
  );
});

describe("two adapters of PEFT on one model", () => {
  const { logits, weighted } = Object.fromEntries(
    fixtureTensors("adapters/stack.safetensors"),
  ) as Record<string, FixtureTensor>;
  const directories = stack.adapters.map((name) => fixture(`adapters/${name}`));

  it("have the same logits, and are written as one that has the other under it", () => {
    const target = path.join(work, "stack");
    withModel(
      stack.base,
      (model) => loadStack(model, directories),
      (model, adapters) => {
        expect(distance(logitsOf(model), logits!.values)).toBeLessThan(1e-5);
        saveAdapter(adapters, target);
      },
    );
    withModel(
      stack.base,
      (model) => loadAdapter(model, target),
      (model) => expect(distance(logitsOf(model), logits!.values)).toBeLessThan(1e-5),
    );
  });

  it("have PEFT's weighted sum, also where the weights are changed later", () => {
    const { weights } = stack;
    withModel(
      stack.base,
      (model) => loadStack(model, directories, { weights }),
      (model) => expect(distance(logitsOf(model), weighted!.values)).toBeLessThan(1e-5),
    );
    withModel(
      stack.base,
      (model) => loadStack(model, directories),
      (model, adapters) => {
        adapters.forEach((adapter, i) => {
          setStrength(adapter, weights[i]!, directories[i]!);
        });
        expect(distance(logitsOf(model), weighted!.values)).toBeLessThan(1e-5);
        expect(() => setStrength(adapters[0]!, Number.NaN, "a")).toThrow(/weight of a is NaN/);
      },
    );
  });

  it("train the upper one alone", () => {
    withModel(
      stack.base,
      (model) => loadStack(model, directories, { training: true }),
      (model, [, upper]) => {
        const sums = createGradients(model);
        const trained = upper!.tensors.map(({ parameter }) => parameter.name);
        expect([...sums.views.keys()].sort()).toEqual(trained.sort());
        disposeGradients(sums);
      },
    );
  });
});
