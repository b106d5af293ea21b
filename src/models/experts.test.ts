/** Mixtures of experts beyond what parity with transformers shows: recomputation, precision, adapters. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { openSafetensors, writeSafetensors } from "../format/index.js";
import {
  attachNewAdapter,
  type LoraOptions,
  newAdapterConfig,
  quantizeLinear,
} from "../lora/index.js";
import { countCalls, type DType, dispose, type Tensor, tidy } from "../tensor/index.js";
import { createGradients, disposeGradients, trainingPass } from "../train/index.js";
import {
  type CausalLanguageModel,
  forward,
  type LoadOptions,
  loadModel,
  modelTensors,
  prepareModel,
  saveModel,
  trainAllParameters,
} from "./index.js";

const checkpoint = fileURLToPath(
  new URL("../../test/parity/fixtures/experts/qwen3_moe/model", import.meta.url),
);
const folder = mkdtempSync(join(tmpdir(), "tunewright-experts-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ids = (length: number, first: number) =>
  Int32Array.from({ length }, (_, i) => 3 + ((first + i * i) % 60));
const sequences = [ids(9, 1), ids(14, 7), ids(30, 20)].map((inputIds) => ({
  inputIds,
  labels: inputIds,
}));

function values(one: Tensor): Float32Array {
  return tidy(() => {
    const whole = one.detach().to({ dtype: "float32" }).contiguous();
    return new Float32Array(whole.bytes().slice().buffer);
  });
}

interface PassOptions {
  keepBytes?: number;
  groupTokens?: number;
  dropoutKey?: number | null;
  dtype?: DType;
}

/** Loss and gradients of one pass, and what it asked of the device. */
function pass(model: CausalLanguageModel, options: PassOptions = {}) {
  const { keepBytes = 0, groupTokens = 1000, dropoutKey = null, dtype } = options;
  const sums = createGradients(model);
  const prepared = prepareModel(model, { isTraining: true, ...(dtype ? { dtype } : {}) });
  const { counts, stop } = countCalls();
  const loss = tidy(() => {
    const total = trainingPass(prepared, sequences, sums, {
      groupTokens,
      lossFactor: 1 / 50,
      keepBytes,
      dropoutKey: (branch) => (dropoutKey === null ? null : dropoutKey + 1000 * branch),
      gradientScale: null,
    });
    stop();
    return total.item();
  });
  const gradients = new Map([...sums.views].map(([name, sum]) => [name, values(sum)]));
  prepared.dispose();
  disposeGradients(sums);
  return { loss, gradients, counts };
}

function withModel(
  options: LoadOptions,
  adapter: LoraOptions | "all",
  body: (model: CausalLanguageModel) => void,
): void {
  const model = loadModel(checkpoint, { ...options, trainsWeights: adapter === "all" });
  if (adapter === "all") trainAllParameters(model);
  else attachNewAdapter(model, newAdapterConfig(adapter, null), 5);
  body(model);
  dispose(modelTensors(model));
}

/** An adapter whose B is not zero, so that everything has a gradient. */
const lora: LoraOptions = { r: 2, lora_alpha: 4, lora_dropout: 0.3, init_lora_weights: false };

describe("recomputation", () => {
  it.each([
    { what: "all weights", adapter: "all" as const },
    { what: "adapters with dropout", adapter: lora },
  ])("gives the gradients of kept values, bit for bit: $what", ({ adapter }) =>
    withModel({ dtype: "float32" }, adapter, (model) => {
      const kept = pass(model, { keepBytes: Number.POSITIVE_INFINITY, dropoutKey: 11 });
      expect(pass(model, { keepBytes: 0, dropoutKey: 11 })).toEqual({
        ...kept,
        counts: expect.anything(),
      });
      if (adapter !== "all") {
        expect(pass(model, { dropoutKey: 12 }).loss).not.toBe(kept.loss);
      }
    }),
  );

  it("reads the counts of experts once for each layer that has them, and group", () =>
    withModel({ dtype: "float32" }, "all", (model) => {
      for (const keepBytes of [0, Number.POSITIVE_INFINITY]) {
        expect(pass(model, { keepBytes }).counts).toMatchObject({ reads: 1 });
        expect(pass(model, { keepBytes, groupTokens: 16 }).counts.reads).toBe(3);
      }
    }));

  it("goes by the choice of experts that was made, where kept values are rounded", () =>
    withModel({ dtype: "bfloat16" }, { ...lora, lora_dropout: 0 }, (model) => {
      // Float32 in a stream of bfloat16: notes are rounded, inputs are not.
      const precise = pass(model, { dtype: "float32", keepBytes: 0 });
      const rounded = pass(model, { dtype: "float32", keepBytes: Number.POSITIVE_INFINITY });
      for (const [name, gradient] of precise.gradients) {
        const other = rounded.gradients.get(name)!;
        const most = gradient.reduce((largest, one) => Math.max(largest, Math.abs(one)), 0);
        const worst = gradient.reduce((all, one, i) => Math.max(all, Math.abs(one - other[i]!)), 0);
        expect(worst, name).toBeLessThanOrEqual(0.05 * most);
      }
    }));
});

it("an expert without tokens has gradients of zero, and each of the others has some", () =>
  withModel({ dtype: "float32" }, "all", (model) => {
    const { gradients } = pass(model);
    const isZero = (name: string) => gradients.get(name)!.every((one) => one === 0);
    const names = [...gradients.keys()].filter((name) => name.includes(".experts."));
    expect(names.length).toBe(24);
    // The fixture's expert 1 scores 0, which others are above.
    expect(names.filter(isZero).every((name) => name.includes(".experts.1."))).toBe(true);
    expect(isZero("model.layers.1.mlp.gate.weight")).toBe(false);
  }));

describe("4 bits", () => {
  it("are the weights of each expert by itself", () => {
    const quantized = loadModel(checkpoint, { dtype: "float32", transform: quantizeLinear });
    const dense = loadModel(checkpoint, { dtype: "float32" });
    for (const [i, branch] of quantized.branches.entries()) {
      for (const [role, linear] of Object.entries(branch.linears)) {
        const { tensor } = dense.branches[i]!.linears[role]!.parameters()[0]!;
        tidy(() => tensor.copy_(linear.denseWeight("float32")));
      }
    }
    const [ours, theirs] = [quantized, dense].map((model) =>
      tidy(() => values(forward(model, sequences[2]!.inputIds))),
    );
    expect(ours).toEqual(theirs);
    dispose([modelTensors(quantized), modelTensors(dense)]);
  });
});

describe("adapters", () => {
  const attach = (changes: Partial<LoraOptions>) => () =>
    withModel({ dtype: "float32" }, { ...lora, ...changes }, () => {});

  it("lie on experts by their names, and on the router only by being saved whole", () =>
    withModel({ dtype: "float32" }, { ...lora, modules_to_save: ["gate"] }, (model) => {
      const { gradients } = pass(model);
      const names = [...gradients.keys()];
      expect(names).toContain("model.layers.1.mlp.experts.11.gate_proj.lora_A.weight");
      expect(names).toContain("model.layers.1.mlp.gate.weight");
      expect(gradients.get("model.layers.1.mlp.gate.weight")!.some((one) => one !== 0)).toBe(true);
      expect(names.filter((name) => name.includes("gate.lora"))).toEqual([]);
    }));

  it("are refused on the router, and on experts with a bias", () => {
    expect(attach({ target_modules: ["gate"] })).toThrow("model.layers.1.mlp.gate, which is not");
    expect(attach({ lora_bias: true })).toThrow(
      "lora_bias does not work on experts: model.layers.1.mlp.experts.0.gate_proj",
    );
    attach({ lora_bias: true, target_modules: ["q_proj"] })();
  });
});

it("is written under the names that it was read by", () => {
  const model = loadModel(checkpoint, { dtype: "bfloat16", trainsWeights: true });
  saveModel(model, folder, "bfloat16");
  dispose(modelTensors(model));
  const contents = (directory: string) => {
    const file = openSafetensors(join(directory, "model.safetensors"));
    const all = file.names().map((name) => {
      const bytes = [...file.chunks(name)].map(({ data }) => Buffer.from(data).toString("hex"));
      return [name, bytes.join("")] as const;
    });
    file.close();
    return Object.fromEntries(all.sort());
  };
  expect(contents(folder)).toEqual(contents(checkpoint));
});

it("is refused in the form that has all experts of a layer in one tensor", () => {
  const directory = join(folder, "joined");
  mkdirSync(directory);
  cpSync(join(checkpoint, "config.json"), join(directory, "config.json"));
  const file = openSafetensors(join(checkpoint, "model.safetensors"));
  const entries = file.names().flatMap((name) => {
    const { shape, dtype } = file.info(name);
    const data = () => Buffer.concat([...file.chunks(name)].map((chunk) => chunk.data));
    if (!name.includes(".experts.")) return [{ name, shape, dtype, data }];
    if (!name.endsWith(".0.gate_proj.weight")) return [];
    return [{ name: name.replace("0.gate_proj.weight", "gate_up_proj"), shape, dtype, data }];
  });
  writeSafetensors(join(directory, "model.safetensors"), entries, { format: "pt" });
  file.close();
  expect(() => loadModel(directory)).toThrow(
    "model.layers.1.mlp.experts.gate_up_proj holds all experts of a layer",
  );
});
