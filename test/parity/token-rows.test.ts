/**
 * Trained rows of tokens have the gradients of the whole weights, which `families.test.ts` holds to
 * transformers': also where rows of the head are divided by their lengths (NormHead).
 */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { attachNewAdapter, newAdapterConfig } from "../../src/lora/index.js";
import {
  type CausalLanguageModel,
  loadModel,
  modelTensors,
  prepareModel,
  trainAllParameters,
} from "../../src/models/index.js";
import { dispose, liveTensors, tidy } from "../../src/tensor/index.js";
import { createGradients, disposeGradients, trainingPass } from "../../src/train/index.js";
import { fixture } from "./fixtures.js";

interface Case {
  name: string;
  labelled: number;
  sequences: { ids: number[]; labels: number[] }[];
}

const { cases } = JSON.parse(readFileSync(fixture("families/cases.json"), "utf8")) as {
  cases: Case[];
};

/** Loss and gradients by name, of one pass over all sequences. */
function pass(model: CausalLanguageModel, { sequences, labelled }: Case) {
  const sums = createGradients(model);
  const prepared = prepareModel(model, { isTraining: true });
  const batch = sequences.map(({ ids, labels }) => ({
    inputIds: Int32Array.from(ids),
    labels: Int32Array.from(labels),
  }));
  const loss = tidy(() =>
    trainingPass(prepared, batch, sums, {
      groupTokens: 16,
      lossFactor: 1 / labelled,
      keepBytes: 0,
      dropoutKey: () => null,
      gradientScale: null,
    }).item(),
  );
  prepared.dispose();
  const gradients = new Map(
    [...sums.views].map(([name, sum]) => [name, new Float32Array(sum.bytes().slice().buffer)]),
  );
  disposeGradients(sums);
  return { loss, gradients };
}

it.each(cases)("$name", (one) => {
  const before = liveTensors();
  const directory = fixture(`families/${one.name}/model`);
  const whole = loadModel(directory, { dtype: "float32", trainsWeights: true });
  trainAllParameters(whole);
  const hasUnitRows = whole.output.normalizesRows;
  const moduleOf = ({ name }: { name: string }) => name.replace(/\.weight$/, "");
  const head = moduleOf(whole.output.weight);
  const modules = [...new Set([moduleOf(whole.embedding), head])];
  const dim = whole.config.hidden_size;
  const rowOf = (values: Float32Array, row: number) => values.subarray(row * dim, (row + 1) * dim);
  const headWeight = new Float32Array(whole.output.weight.tensor.bytes().slice().buffer);
  const expected = pass(whole, one);
  dispose(modelTensors(whole));

  const ids = new Set(one.sequences.flatMap((sequence) => sequence.ids));
  const used = [...ids].filter((id) => id !== whole.config.pad_token_id).slice(0, 3);
  const model = loadModel(directory, { dtype: "float32" });
  const settings = newAdapterConfig(
    {
      r: 1,
      target_modules: "all-linear",
      trainable_token_indices: Object.fromEntries(
        modules.map((module) => [module.split(".").at(-1)!, used]),
      ),
    },
    null,
  );
  attachNewAdapter(model, settings, 1);
  const found = pass(model, one);
  dispose(modelTensors(model));
  expect(liveTensors(), "tensors left alive").toBe(before);

  expect(found.loss).toBeCloseTo(expected.loss, 4);
  for (const module of modules) {
    const rows = found.gradients.get(`${module}.token_adapter.trainable_tokens_delta`)!;
    const all = expected.gradients.get(`${module}.weight`)!;
    used.forEach((id, at) => {
      // A head that is divided by its lengths at once has rows of length 1.
      const length = module === head && hasUnitRows ? Math.hypot(...rowOf(headWeight, id)) : 1;
      const want = rowOf(all, id).map((value) => value * length);
      const size = Math.max(...want.map(Math.abs));
      expect(size).toBeGreaterThan(0);
      const difference = Math.max(...want.map((value, i) => Math.abs(value - rows[at * dim + i]!)));
      expect(difference / size).toBeLessThan(1e-4);
    });
  }
});
