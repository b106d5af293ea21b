/** Adapters around a stack of layers: values, gradients and dropout against the written formula. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal } from "../../test/engine/values.js";
import {
  backward,
  constant,
  createRecord,
  denseLinear,
  dropValues,
  keyedDropout,
  type Linear,
  type PreparedWeights,
  parameter,
  prepareWeights,
  recordedInput,
  stackParts,
  type TokenGroup,
  tensorOf,
} from "../nn/index.js";
import { cat, type DType, grad, linear, type Tensor, tidy, zeros } from "../tensor/index.js";
import { hashKey } from "../util/hash.js";
import { adaptLinear, isAdapted } from "./adapter.js";
import type { Adapter } from "./lowRank.js";

const random = seededRandom(21);
const [inFeatures, n, p, position] = [12, 9, 0.3, 2];

const parts = stackParts([
  { name: "q", outFeatures: 8 },
  { name: "k", outFeatures: 4 },
  { name: "v", outFeatures: 4 },
]);

/** Adapters of different ranks on some of the parts of a stack with a bias. */
function example(onParts: readonly number[], dropout = 0) {
  const weight = parameter("q+k+v.weight", normal(random, [16, inFeatures]));
  const bias = parameter("q+k+v.bias", normal(random, [16]));
  const adapters: Adapter[] = onParts.map((i, at) => {
    const part = parts[i]!;
    const rank = 2 + at;
    return {
      part,
      scale: 0.5 + at,
      strength: { value: 1 },
      bias: null,
      magnitude: null,
      dropout,
      a: parameter(`${part.name}.lora_A.weight`, normal(random, [rank, inFeatures])),
      b: parameter(`${part.name}.lora_B.weight`, normal(random, [part.outFeatures, rank])),
    };
  });
  const base = denseLinear(weight, bias, parts);
  return { base, adapters, layer: adaptLinear(base, adapters, position) };
}

const groupOf = (dropoutKey: number | null, dtype: DType = "float32", index = 1): TokenGroup => ({
  index,
  dtype,
  weights: prepareWeights(0, true),
  dropoutKey,
  rotations: null,
  attend: (q) => q,
});

/** The formula with libtorch's operators. @param mask factor on the adapters' input */
function written(
  x: Tensor,
  { base, adapters }: ReturnType<typeof example>,
  mask: Tensor | null,
  leaf: (name: string, tensor: Tensor) => Tensor,
): Tensor {
  const columns = parts.map(({ start, outFeatures }, i) => {
    const rows = (of: Tensor) => of.narrow(0, start, outFeatures);
    const plain = linear(x, rows(base.tensors()[0]!), rows(base.bias!.tensor));
    const adapter = adapters.find(({ part }) => part === parts[i]);
    if (!adapter) return plain;
    const { a, b, scale } = adapter;
    const lowered = linear(mask ? x.mul(mask) : x, leaf(a.name, a.tensor), null);
    return plain.add(linear(lowered, leaf(b.name, b.tensor), null).mul(scale));
  });
  return cat(columns, 1);
}

/** Without the bias of the layer itself. */
const adapterParameters = (layer: Linear) => layer.parameters().filter((one) => one !== layer.bias);

function play(
  { layer }: ReturnType<typeof example>,
  x: Tensor,
  byOutput: Tensor,
  group: TokenGroup,
  { trained = adapterParameters(layer), inputNeedsGradient = true, budget = 0 } = {},
) {
  const sums = new Map(trained.map(({ name, tensor }) => [name, zeros([...tensor.shape])]));
  const record = createRecord(sums);
  const input = recordedInput(record, x, x.dtype, inputNeedsGradient);
  const output = layer.apply(input, group);
  const result = tensorOf(output).clone();
  const { notes } = dropValues(record, result.dtype, { bytes: budget });
  backward(record, output, byOutput.clone());
  return { result, byInput: input.gradient, sums, notes };
}

/** Length of the difference by the length of what was expected. */
const distance = (a: Tensor, b: Tensor) => {
  const wide = (x: Tensor) => x.to({ dtype: "float64" });
  const length = (x: Tensor) => x.linalgVectorNorm().item();
  return length(wide(a).sub(wide(b))) / length(wide(b));
};

function reference(
  one: ReturnType<typeof example>,
  x: Tensor,
  byOutput: Tensor,
  mask: Tensor | null,
) {
  const leaves = new Map<string, Tensor>();
  const input = x.clone().requiresGrad_();
  const expected = written(input, one, mask, (name, tensor) => {
    const leaf = tensor.clone().requiresGrad_();
    leaves.set(name, leaf);
    return leaf;
  });
  const gradients = grad([expected], [input, ...leaves.values()], { gradOutputs: [byOutput] });
  return {
    result: expected.detach(),
    byInput: gradients[0]!,
    sums: new Map([...leaves.keys()].map((name, i) => [name, gradients[i + 1]!])),
  };
}

const maskOf = (key: number, index = 1) =>
  keyedDropout(zeros([n, inFeatures]).add(1), p, hashKey(key + position, index));

describe("adaptLinear", () => {
  const places = [[0, 1, 2], [0, 2], [1]];

  test.each(places.flatMap((on) => [null, 77].map((key) => ({ on, key }))))(
    "on parts $on, dropout key $key: values and gradients",
    ({ on, key }) => {
      tidy(() => {
        const one = example(on, p);
        const [x, byOutput] = [normal(random, [n, inFeatures]), normal(random, [n, 16])];
        const expected = reference(one, x, byOutput, key === null ? null : maskOf(key));
        for (const budget of [0, Number.POSITIVE_INFINITY]) {
          const actual = play(one, x, byOutput, groupOf(key), { budget });
          expect(distance(actual.result, expected.result)).toBeLessThan(1e-6);
          expect(distance(actual.byInput!, expected.byInput)).toBeLessThan(2e-6);
          expect([...actual.sums.keys()].sort()).toEqual([...expected.sums.keys()].sort());
          for (const [name, sum] of actual.sums) {
            expect(distance(sum, expected.sums.get(name)!), name).toBeLessThan(2e-6);
          }
          // What the adapters' rows are made of, for B; nobody reads the output.
          expect(actual.notes.length).toBe(budget === 0 ? 0 : 1);
        }
      });
    },
  );

  test("the same key and group drop the same elements, others others; without a key none", () => {
    tidy(() => {
      const { layer } = example([0, 1, 2], p);
      const x = normal(random, [n, inFeatures]);
      const run = (key: number | null, index = 1) =>
        tensorOf(layer.apply(constant(x), groupOf(key, "float32", index)));
      const first = run(5);
      expect(difference(run(5), first)).toBe(0);
      for (const other of [run(6), run(5, 2), run(null)]) {
        expect(difference(other, first)).toBeGreaterThan(0.01);
      }
    });
  });

  test("layers of one branch drop different elements", () => {
    tidy(() => {
      const { base, adapters: dropping } = example([0, 1, 2], p);
      const x = normal(random, [n, inFeatures]);
      const [first, second] = [0, 1].map((place) =>
        tensorOf(adaptLinear(base, dropping, place).apply(constant(x), groupOf(5))),
      );
      expect(difference(first!, second!)).toBeGreaterThan(0.01);
    });
  });

  test("each parameter alone gets the gradient that it gets with all", () => {
    tidy(() => {
      const one = example([0, 2], p);
      const [x, byOutput] = [normal(random, [n, inFeatures]), normal(random, [n, 16])];
      const all = play(one, x, byOutput, groupOf(3));
      for (const inputNeedsGradient of [true, false]) {
        for (const single of adapterParameters(one.layer)) {
          const options = { trained: [single], inputNeedsGradient };
          const { sums, byInput } = play(one, x, byOutput, groupOf(3), options);
          expect(difference(sums.get(single.name)!, all.sums.get(single.name)!)).toBe(0);
          if (inputNeedsGradient) expect(difference(byInput!, all.byInput!)).toBe(0);
          else expect(byInput).toBe(null);
        }
      }
      const frozen = play(one, x, byOutput, groupOf(3), { trained: [] });
      expect(difference(frozen.byInput!, all.byInput!)).toBe(0);
    });
  });

  test("computes in bfloat16 and sums gradients in float32", () => {
    tidy(() => {
      const one = example([0, 1, 2], p);
      const [x, byOutput] = [normal(random, [n, inFeatures]), normal(random, [n, 16])];
      const expected = reference(one, x, byOutput, maskOf(8));
      const half = (of: Tensor) => of.to({ dtype: "bfloat16" });
      const actual = play(one, half(x), half(byOutput), groupOf(8, "bfloat16"));
      expect([actual.result.dtype, actual.byInput!.dtype]).toEqual(["bfloat16", "bfloat16"]);
      // Four or five roundings in a row, each of 2^-8 of the value at most.
      expect(distance(actual.result, expected.result)).toBeLessThan(0.01);
      expect(distance(actual.byInput!, expected.byInput)).toBeLessThan(0.01);
      for (const [name, sum] of actual.sums) {
        expect(sum.dtype).toBe("float32");
        expect(distance(sum, expected.sums.get(name)!), name).toBeLessThan(0.01);
      }
    });
  });

  test("trained matrices that change are seen in the next pass", () => {
    tidy(() => {
      const one = example([1]);
      const x = normal(random, [n, inFeatures]);
      // Memory for all weights, but those that are trained must not stay.
      const weights = prepareWeights(1e6, true);
      const run = (prepared: PreparedWeights) => {
        const group = { ...groupOf(null, "bfloat16"), weights: prepared };
        return tensorOf(one.layer.apply(constant(x.to({ dtype: "bfloat16" })), group));
      };
      for (const changed of ["a", "b"] as const) {
        for (const { a, b } of one.adapters) a.trainable = b.trainable = true;
        const before = run(weights);
        weights.close();
        for (const adapter of one.adapters) adapter[changed].tensor.mul_(2);
        const after = run(weights);
        weights.close();
        expect(difference(after, run(prepareWeights(0, true)))).toBe(0);
        expect(difference(before, after)).toBeGreaterThan(0.1);
      }
      weights.dispose();
    });
  });

  test("knows itself, its parameters and tensors; the layer below is frozen", () => {
    tidy(() => {
      const { base, adapters, layer } = example([0, 2]);
      expect([isAdapted(layer), isAdapted(base)]).toEqual([true, false]);
      expect(layer.parameters().map(({ name }) => name)).toEqual([
        "q+k+v.bias",
        ...["q.lora_A.weight", "q.lora_B.weight", "v.lora_A.weight", "v.lora_B.weight"],
      ]);
      expect([layer.inFeatures, layer.outFeatures, layer.parts]).toEqual([inFeatures, 16, parts]);
      const extra = adapters.reduce((sum, { a, b }) => sum + a.tensor.numel + b.tensor.numel, 0);
      expect(layer.elements).toBe(base.elements + extra);
      expect(layer.tensors().length).toBe(2 + 4);
    });
  });
});
