/** Every model family against transformers and PEFT, on small random checkpoints in float32. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openSafetensors } from "../../src/format/index.js";
import { createDecoder, disposeDecoder, generateTokens } from "../../src/generate/index.js";
import { loadAdapter } from "../../src/lora/index.js";
import {
  type CausalLanguageModel,
  forward,
  loadModel,
  modelTensors,
  prepareModel,
  trainAllParameters,
  trainableParameters,
} from "../../src/models/index.js";
import { alibiSlopes } from "../../src/nn/index.js";
import { dispose, liveTensors, type Tensor, tidy } from "../../src/tensor/index.js";
import { createGradients, disposeGradients, trainingPass } from "../../src/train/index.js";
import { createOptimizer } from "../../src/train/optimizer.js";
import { fixture, fixtureTensors } from "./fixtures.js";
import {
  EXPERT_STEPS,
  expectClose,
  gradientUlps,
  largest,
  lossUlps,
  passUlps,
  ulps,
  worstDifference,
} from "./tolerance.js";
import { unstack } from "./unstack.js";

interface Case {
  /** Where its folder is, under fixtures. */
  name: string;
  labelled: number;
  sequences: { ids: number[]; labels: number[] }[];
  loss: number;
  adapter_loss: number;
  adamw: { lr: number; betas: [number, number]; eps: number; weight_decay: number };
  /** Every which element of a parameter was stored. */
  steps: Record<string, number>;
  greedy: { prompt_ids: number[]; output_ids: number[]; adapter_output_ids: number[] };
}

const cases = ["families", "experts"].flatMap((topic) => {
  const read = JSON.parse(readFileSync(fixture(`${topic}/cases.json`), "utf8"));
  return (read as { cases: Case[] }).cases.map((one) => ({
    ...one,
    name: `${topic}/${one.name}`,
  }));
});

/** Two layers; the widest sum has 64 products. */
const forwardUlps = passUlps(2, 64);

/** Of the parameters after a step, and of an adapter's gradients, the fixtures hold every so-manieth element. */
const AFTER_STEP = 7;
const ADAPTER_STEP = 3;

function values(one: Tensor): Float32Array<ArrayBuffer> {
  return tidy(() => new Float32Array(one.detach().contiguous().bytes().slice().buffer));
}

type Adapted = "none" | "all" | "fixed" | "trained";

function load(name: string, adapter: Adapted): CausalLanguageModel {
  const trainsWeights = adapter === "all";
  const model = loadModel(fixture(`${name}/model`), { dtype: "float32", trainsWeights });
  if (trainsWeights) trainAllParameters(model);
  if (adapter === "fixed" || adapter === "trained") {
    loadAdapter(model, fixture(`${name}/adapter`), { training: adapter === "trained" });
  }
  return model;
}

/** Loads, runs and frees; nothing may be left. */
async function withModel(
  name: string,
  adapter: Adapted,
  body: (model: CausalLanguageModel) => Promise<void> | void,
): Promise<void> {
  const before = liveTensors();
  const model = load(name, adapter);
  await body(model);
  dispose(modelTensors(model));
  expect(liveTensors(), "tensors left alive").toBe(before);
}

/** One pass over all sequences and one step of the optimizer. */
function step(model: CausalLanguageModel, one: Case, groupTokens = 16) {
  const sums = createGradients(model);
  const prepared = prepareModel(model, { isTraining: true });
  const batch = one.sequences.map(({ ids, labels }) => ({
    inputIds: Int32Array.from(ids),
    labels: Int32Array.from(labels),
  }));
  const loss = tidy(() =>
    trainingPass(prepared, batch, sums, {
      groupTokens,
      lossFactor: 1 / one.labelled,
      keepBytes: 0,
      dropoutKey: () => null,
      gradientScale: null,
    }).item(),
  );
  prepared.dispose();
  const gradients = new Map([...sums.views].map(([name, sum]) => [name, values(sum)]));
  const parameters = trainableParameters(model);
  const { lr, betas, eps, weight_decay } = one.adamw;
  const optimizer = createOptimizer(parameters, {
    kind: "adamw",
    weight_decay,
    adam_beta1: betas[0],
    adam_beta2: betas[1],
    adam_epsilon: eps,
    momentum: 0,
  });
  optimizer.step(sums.views, lr);
  optimizer.dispose();
  disposeGradients(sums);
  const after = new Map([...parameters].map(([name, tensor]) => [name, values(tensor)]));
  return { loss, gradients, after };
}

/** Our values under Hugging Face's names, every `steps`-th element, as the reference is stored. */
function sampled(ours: ReadonlyMap<string, Float32Array<ArrayBuffer>>, { name, steps }: Case) {
  const file = openSafetensors(fixture(`${name}/model/model.safetensors`));
  const whole = unstack(ours, (part) => file.info(part).shape.reduce((a, b) => a * b));
  file.close();
  return new Map([...whole].map(([part, values]) => [part, everyNth(values, steps[part]!)]));
}

function everyNth(values: Float32Array<ArrayBuffer>, step: number): Float32Array<ArrayBuffer> {
  return values.filter((_, i) => i % step === 0);
}

it("slopes of linear biases are transformers', for 40 heads too", () => {
  const { slopes } = JSON.parse(readFileSync(fixture("families/slopes.json"), "utf8")) as {
    slopes: Record<string, number[]>;
  };
  expect(Object.keys(slopes)).toContain("40");
  for (const [heads, theirs] of Object.entries(slopes)) {
    // Powers of a rounded base: a unit for each factor.
    expectClose(alibiSlopes(Number(heads)), theirs, theirs.length, `${heads} heads`);
  }
});

it("sequences on both sides of longrope's trained length may lie in one group", () =>
  withModel("families/phi3-longrope", "all", (model) => {
    const one = cases.find(({ name }) => name === "families/phi3-longrope")!;
    const { loss } = step(model, one, 1000);
    expectClose([loss], [one.loss], lossUlps(forwardUlps, one.labelled), "loss");
  }));

describe.each(cases)("$name", (one) => {
  const { name, sequences, greedy } = one;
  const backwardUlps = gradientUlps(2, 64, name.startsWith("experts/") ? EXPERT_STEPS : 0);
  const expected = fixtureTensors(`${name}/expected.safetensors`);

  /** Compares gradients and the parameters after a step with those stored as `kind`. */
  function compareStep(
    { loss, gradients, after }: ReturnType<typeof step>,
    expectedLoss: number,
    kind: { gradient: string; after: string; step: number },
  ): void {
    expectClose([loss], [expectedLoss], lossUlps(forwardUlps, one.labelled), "loss");
    const stored = [...expected.keys()].filter((key) => key.startsWith(kind.gradient));
    expect([...gradients.keys()].map((key) => kind.gradient + key).sort()).toEqual(stored.sort());
    for (const [key, gradient] of gradients) {
      const theirs = expected.get(kind.gradient + key)!.values;
      expectClose(everyNth(gradient, kind.step), theirs, backwardUlps, `gradient of ${key}`);
      // A step is lr g / (|g| + eps), which is steepest at 0, and a few roundings of the parameter.
      const moved = (one.adamw.lr / one.adamw.eps) * ulps(backwardUlps, "float32", largest(theirs));
      const now = expected.get(kind.after + key)!.values;
      const most = moved + ulps(3, "float32", largest(now));
      const ours = everyNth(after.get(key)!, AFTER_STEP);
      expect(worstDifference(ours, now), `${key} after`).toBeLessThanOrEqual(most);
    }
  }

  it("logits", () =>
    withModel(name, "none", (model) => {
      sequences.forEach(({ ids }, i) => {
        const ours = tidy(() => values(forward(model, Int32Array.from(ids))));
        expectClose(ours, expected.get(`logits.${i}`)!.values, forwardUlps, `${ids.length} ids`);
      });
    }));

  it("logits with an adapter of PEFT", () =>
    withModel(name, "fixed", (model) => {
      sequences.forEach(({ ids }, i) => {
        const ours = tidy(() => values(forward(model, Int32Array.from(ids))));
        const theirs = expected.get(`adapter_logits.${i}`)!.values;
        expectClose(ours, theirs, forwardUlps, `${ids.length} ids`);
      });
    }));

  it("full fine-tuning: loss, gradients and a step of AdamW", () =>
    withModel(name, "all", (model) => {
      const { loss, gradients, after } = step(model, one);
      compareStep(
        { loss, gradients: sampled(gradients, one), after: sampled(after, one) },
        one.loss,
        { gradient: "gradient.", after: "after.", step: 1 },
      );
    }));

  it("LoRA: loss, gradients and a step of AdamW", () =>
    withModel(name, "trained", (model) => {
      const { loss, gradients, after } = step(model, one);
      const named = (all: ReadonlyMap<string, Float32Array<ArrayBuffer>>) =>
        new Map([...all].map(([key, tensor]) => [`base_model.model.${key}`, tensor]));
      compareStep({ loss, gradients: named(gradients), after: named(after) }, one.adapter_loss, {
        gradient: "adapter_gradient.",
        after: "adapter_after.",
        step: ADAPTER_STEP,
      });
    }));

  it.each([
    { adapter: "none" as const, output: greedy.output_ids },
    { adapter: "fixed" as const, output: greedy.adapter_output_ids },
  ])("greedy text, adapter: $adapter", ({ adapter, output }) =>
    withModel(name, adapter, async (model) => {
      const prepared = prepareModel(model);
      const settings = { maxNewTokens: output.length, repetitionPenalty: 1, noRepeatNgramSize: 0 };
      const ids: number[] = [];
      const decoder = createDecoder(prepared);
      for await (const { tokenId } of generateTokens(decoder, Int32Array.from(greedy.prompt_ids), {
        settings,
      })) {
        ids.push(tokenId);
      }
      disposeDecoder(decoder);
      prepared.dispose();
      expect(ids).toEqual(output);
    }),
  );
});
