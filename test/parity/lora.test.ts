/** LoRA against PEFT: logits, loss and the gradient of every adapter; files in both directions. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AttachedAdapter, loadAdapter, saveAdapter } from "../../src/lora/index.js";
import {
  type CausalLanguageModel,
  forward,
  loadModel,
  modelTensors,
  prepareModel,
} from "../../src/models/index.js";
import { dispose, liveTensors, type Tensor, tidy } from "../../src/tensor/index.js";
import { createGradients, disposeGradients } from "../../src/train/gradients.js";
import { type TrainingPassSettings, trainingPass } from "../../src/train/pass.js";
import { fixture, fixtureTensors } from "./fixtures.js";
import { expectClose, gradientUlps, lossUlps, passUlps } from "./tolerance.js";

interface Cases {
  base: string;
  logits: { adapter: string; ids: number[]; key: string }[];
  samples: { ids: number[]; labels: number[]; labelled: number; loss_sum: number }[];
  loss: number;
}

const cases = JSON.parse(readFileSync(fixture("lora/cases.json"), "utf8")) as Cases;
const sequences = cases.samples.map(({ ids, labels }) => ({
  inputIds: Int32Array.from(ids),
  labels: Int32Array.from(labels),
}));
const labelled = cases.samples.reduce((sum, sample) => sum + sample.labelled, 0);

function withAdapter<T>(
  adapter: string,
  training: boolean,
  body: (model: CausalLanguageModel, adapters: AttachedAdapter[]) => T,
): T {
  const before = liveTensors();
  const model = loadModel(fixture(cases.base));
  const adapters = loadAdapter(model, fixture(`lora/${adapter}`), { training });
  const result = body(model, adapters);
  dispose(modelTensors(model));
  expect(liveTensors(), "tensors left alive").toBe(before);
  return result;
}

const meanUlps = lossUlps(passUlps(2, 48), labelled);

const passSettings: TrainingPassSettings = {
  groupTokens: 1024,
  lossFactor: 1 / labelled,
  keepBytes: Number.POSITIVE_INFINITY,
  dropoutKey: () => null,
  gradientScale: null,
};

/** The loss of a pass; its gradients go to `read`. */
function passLoss(
  model: CausalLanguageModel,
  batch: typeof sequences,
  settings: Partial<TrainingPassSettings>,
  read: (gradients: ReadonlyMap<string, Tensor>) => void = () => {},
): number {
  const prepared = prepareModel(model, { dtype: "float32", isTraining: true });
  const gradients = createGradients(model);
  const loss = tidy(() =>
    trainingPass(prepared, batch, gradients, { ...passSettings, ...settings }).item(),
  );
  read(gradients.views);
  disposeGradients(gradients);
  prepared.dispose();
  return loss;
}

describe("an adapter of PEFT", () => {
  const expected = fixtureTensors("lora/logits.safetensors");

  it.each(cases.logits)("gives the same logits: $key", ({ adapter, ids, key }) => {
    withAdapter(adapter, false, (model) => {
      tidy(() => {
        const logits = new Float32Array(forward(model, Int32Array.from(ids)).bytes().buffer);
        expectClose(logits, expected.get(key)!.values, passUlps(2, 48, 8), key);
      });
    });
  });

  it.each([
    { keepBytes: 0, groupTokens: 1024 },
    { keepBytes: 0, groupTokens: 20 },
    { keepBytes: 20_000, groupTokens: 20 },
    { keepBytes: Number.POSITIVE_INFINITY, groupTokens: 1024 },
  ])("gives the same loss and gradients: keeping $keepBytes, groups of $groupTokens", (variant) => {
    const gradients = fixtureTensors("lora/gradients.safetensors");
    withAdapter("adapter", true, (model) => {
      const loss = passLoss(model, sequences, variant, (ours) => {
        expect(ours.size).toBe(gradients.size);
        for (const [name, gradient] of ours) {
          const theirs = gradients.get(`base_model.model.${name}`)!;
          expect([...gradient.shape], name).toEqual(theirs.shape);
          const values = tidy(() => new Float32Array(gradient.clone().bytes().slice().buffer));
          expectClose(values, theirs.values, gradientUlps(2, 48), name);
        }
      });
      expectClose([loss], [cases.loss], meanUlps, "loss");
    });
  });

  it("packed together has the sum of the separate losses", () => {
    withAdapter("adapter", true, (model) => {
      const run = (batch: typeof sequences) => passLoss(model, batch, { lossFactor: 1 });
      const separate = sequences.map((sequence) => run([sequence]));
      separate.forEach((loss, i) => {
        expectClose([loss], [cases.samples[i]!.loss_sum], meanUlps, `loss ${i}`);
      });
      const sum = separate.reduce((a, b) => a + b);
      expectClose([run(sequences)], [sum], meanUlps, "packed");
    });
  });
});

describe("an adapter written by Tunewright", () => {
  const work = mkdtempSync(path.join(tmpdir(), "tunewright-adapter-"));
  afterAll(() => rmSync(work, { recursive: true, force: true }));
  beforeAll(() => {
    withAdapter("adapter", false, (_model, adapters) => {
      saveAdapter(adapters, work);
    });
  });

  it("has the names, shapes and values of PEFT's own file", () => {
    const ours = fixtureTensors(path.join(work, "adapter_model.safetensors"));
    const theirs = fixtureTensors("lora/adapter/adapter_model.safetensors");
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const [name, { shape, values }] of theirs) {
      expect(ours.get(name)!.shape).toEqual(shape);
      expect(ours.get(name)!.values).toEqual(values);
    }
  });

  it("has the configuration that PEFT needs", () => {
    const ours = JSON.parse(readFileSync(path.join(work, "adapter_config.json"), "utf8"));
    const theirs = JSON.parse(readFileSync(fixture("lora/adapter/adapter_config.json"), "utf8"));
    for (const key of ["peft_type", "task_type", "r", "lora_alpha", "bias"]) {
      expect(ours[key], key).toEqual(theirs[key]);
    }
    expect(ours.target_modules.sort()).toEqual([...theirs.target_modules].sort());
  });
});
