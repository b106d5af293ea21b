/** Whole training runs on a tiny model against transformers' Trainer and PEFT, step by step. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadAdapter } from "../../src/lora/index.js";
import {
  type CausalLanguageModel,
  loadModel,
  modelTensors,
  prepareModel,
  trainAllParameters,
  trainableParameters,
} from "../../src/models/index.js";
import { dispose, liveTensors, type Tensor, tidy, zeros } from "../../src/tensor/index.js";
import {
  createGradients,
  createSchedule,
  disposeGradients,
  type Sequence,
  trainingPass,
} from "../../src/train/index.js";
import { createOptimizer } from "../../src/train/optimizer.js";
import { optimizerStep, readFigures } from "../../src/train/optimizerStep.js";
import { countLabelled } from "../../src/train/pass.js";
import { fixture, fixtureTensors } from "./fixtures.js";
import {
  expectClose,
  gradientUlps,
  lossUlps,
  passUlps,
  ulps,
  worstDifference,
} from "./tolerance.js";
import { unstack } from "./unstack.js";

interface Settings {
  per_device_train_batch_size: number;
  gradient_accumulation_steps: number;
  max_steps: number;
  learning_rate: number;
  lr_scheduler_type: "cosine";
  warmup_steps: number;
  weight_decay: number;
  max_grad_norm: number;
  adam_beta1: number;
  adam_beta2: number;
  adam_epsilon: number;
}

interface Run {
  name: string;
  settings: Settings;
  steps: {
    step: number;
    loss: number;
    grad_norm: number;
    learning_rate: number;
    labelled_tokens: number;
  }[];
}

const { base, runs } = JSON.parse(readFileSync(fixture("training/runs.json"), "utf8")) as {
  base: string;
  runs: Run[];
};
const samples = JSON.parse(readFileSync(fixture("training/samples.json"), "utf8"));
const sequences: Sequence[] = (Array.isArray(samples) ? samples : samples.samples).map(
  ({ ids, labels }: { ids: number[]; labels: number[] }) => ({
    inputIds: Int32Array.from(ids),
    labels: Int32Array.from(labels),
  }),
);

/** The run's steps with our parts: same order of samples, dropout 0, float32. */
function train(
  model: CausalLanguageModel,
  settings: Settings,
  batch: number,
  accumulation: number,
) {
  const parameters = trainableParameters(model);
  const prepared = prepareModel(model, { dtype: "float32", isTraining: true });
  const optimizer = createOptimizer(parameters, { kind: "adamw", ...settings });
  const schedule = createSchedule(
    { ...settings, warmup_ratio: 0, lr_scheduler_kwargs: {} },
    settings.max_steps,
  );
  const steps: { loss: number; gradNorm: number; learningRate: number }[] = [];
  for (let step = 0; step < settings.max_steps; step++) {
    const size = batch * accumulation;
    const window = Array.from(
      { length: size },
      (_, i) => sequences[(step * size + i) % sequences.length]!,
    );
    const lossFactor = 1 / countLabelled(window);
    const gradients = createGradients(model);
    const learningRate = schedule(step);
    const figures = tidy(() => {
      const loss = zeros([], { dtype: "float32" });
      for (let i = 0; i < size; i += batch) {
        const part = trainingPass(prepared, window.slice(i, i + batch), gradients, {
          groupTokens: 64,
          lossFactor,
          keepBytes: Number.POSITIVE_INFINITY,
          gradientScale: null,
          dropoutKey: () => null,
        });
        loss.add_(part);
      }
      const update = { gradients, optimizer, lossScale: null, maxGradNorm: settings.max_grad_norm };
      const losses = { loss, rows: zeros([0], { dtype: "float32" }) };
      return readFigures(optimizerStep(update, losses, learningRate));
    });
    disposeGradients(gradients);
    steps.push({ loss: figures.loss, gradNorm: figures.gradNorm, learningRate });
  }
  optimizer.dispose();
  prepared.dispose();
  return steps;
}

function adapted(): CausalLanguageModel {
  const model = loadModel(fixture(base));
  loadAdapter(model, fixture("training/initial-adapter"), { training: true });
  return model;
}

function full(): CausalLanguageModel {
  const model = loadModel(fixture(base), { trainsWeights: true });
  trainAllParameters(model);
  return model;
}

function parametersOf(model: CausalLanguageModel) {
  const valuesOf = (parameter: Tensor) =>
    tidy(() => new Float32Array(parameter.detach().bytes().slice().buffer));
  return new Map([...trainableParameters(model)].map(([name, one]) => [name, valuesOf(one)]));
}

/**
 * How far parameters may be apart after a run. Adam divides a gradient by its own size, so that a
 * step is off by the learning rate times the gradient's relative error: that of a gradient of a
 * hundredth of the largest.
 */
function stepTolerance(steps: readonly { learningRate: number }[]): number {
  const path = steps.reduce((sum, { learningRate }) => sum + learningRate, 0);
  return path * 100 * ulps(gradientUlps(2, 48), "float32", 1);
}

describe("training equals Trainer and PEFT", () => {
  it.each(runs)("$name: loss, norm and rate of each step", ({ name, settings, steps }) => {
    const before = liveTensors();
    const model = name.startsWith("full") ? full() : adapted();
    const ours = train(
      model,
      settings,
      settings.per_device_train_batch_size,
      settings.gradient_accumulation_steps,
    );
    expect(ours).toHaveLength(steps.length);
    steps.forEach((theirs, i) => {
      const where = `of step ${i + 1}`;
      const units = lossUlps(passUlps(2, 48), theirs.labelled_tokens);
      expectClose([ours[i]!.loss], [theirs.loss], units, `loss ${where}`);
      // Errors of single gradients average out; those of the way to the loss they share.
      expectClose([ours[i]!.gradNorm], [theirs.grad_norm], passUlps(2, 48), `norm ${where}`);
      expect(ours[i]!.learningRate).toBeCloseTo(theirs.learning_rate, 12);
    });
    dispose(modelTensors(model));
    expect(liveTensors()).toBe(before);
  });

  /** The parameters after the run, by name. */
  function trained(name: string, model: CausalLanguageModel) {
    const { settings } = runs.find((run) => run.name === name)!;
    const { per_device_train_batch_size: batch, gradient_accumulation_steps: count } = settings;
    const steps = train(model, settings, batch, count);
    const ours = parametersOf(model);
    dispose(modelTensors(model));
    return { ours, tolerance: stepTolerance(steps) };
  }

  it("ends with the adapter that PEFT ends with", () => {
    const { ours, tolerance } = trained("lora", adapted());
    const theirs = fixtureTensors("training/final-adapter/adapter_model.safetensors");
    expect(ours.size).toBe(theirs.size);
    for (const [name, values] of ours) {
      const expected = theirs.get(`base_model.model.${name}`)!.values;
      expect(worstDifference(values, expected), name).toBeLessThan(tolerance);
    }
  });

  it("ends with the parameters that Trainer ends with", () => {
    const { ours, tolerance } = trained("full", full());
    const theirs = fixtureTensors("training/full-final.safetensors");
    const parts = unstack(ours, (name) => theirs.get(name)!.values.length);
    expect([...parts.keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const [name, { values }] of theirs) {
      expect(worstDifference(parts.get(name)!, values), name).toBeLessThan(tolerance);
    }
  });

  it("accumulation 1 x 8 equals 8 x 1", () => {
    const settings = { ...runs[0]!.settings, max_steps: 3 };
    const [one, eight] = [
      [1, 8],
      [8, 1],
    ].map(([batch, accumulation]) => {
      const model = adapted();
      const steps = train(model, settings, batch!, accumulation!);
      const weights = parametersOf(model);
      dispose(modelTensors(model));
      return { steps, weights };
    });
    const units = lossUlps(passUlps(2, 48), 40);
    one!.steps.forEach(({ loss }, i) => {
      expectClose([loss], [eight!.steps[i]!.loss], units, `loss ${i}`);
    });
    for (const [name, values] of one!.weights) {
      const distance = worstDifference(values, eight!.weights.get(name)!);
      expect(distance, name).toBeLessThan(stepTolerance(one!.steps));
    }
  });
});
