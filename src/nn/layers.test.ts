/** Norm, heads, gated unit, linear layers and dropout: values and gradients against libtorch's. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal, numbers } from "../../test/engine/values.js";
import {
  cat,
  type DType,
  grad,
  linear,
  mulOut,
  rmsNorm as nativeRmsNorm,
  ones,
  silu,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "../tensor/index.js";
import {
  affine,
  backward,
  constant,
  createRecord,
  denseLinear,
  dropValues,
  geglu,
  keyedDropout,
  type Parameter,
  parameter,
  prepareWeights,
  recordedInput,
  rmsNorm,
  splitHeads,
  stackParts,
  swiglu,
  type TokenGroup,
  tensorOf,
  type Value,
} from "./index.js";

const random = seededRandom(6);

/** Length of the difference by the length of what was expected. */
const distance = (a: Tensor, b: Tensor) => {
  const wide = (x: Tensor) => x.to({ dtype: "float64" });
  const length = (x: Tensor) => x.linalgVectorNorm().item();
  return length(wide(a).sub(wide(b))) / length(wide(b));
};

interface Played {
  result: Tensor;
  byInput: Tensor | null;
  sums: ReadonlyMap<string, Tensor>;
}

/** Forward and backward of a layer with a record. */
function play(
  x: Tensor,
  byOutput: Tensor,
  trained: readonly Parameter[],
  compute: (x: Value) => Value,
  { inputNeedsGradient = true, budget = 0 } = {},
): Played {
  const sums = new Map(trained.map(({ name, tensor }) => [name, zeros([...tensor.shape])]));
  const record = createRecord(sums);
  const input = recordedInput(record, x, x.dtype, inputNeedsGradient);
  const output = compute(input);
  const result = tensorOf(output).clone();
  dropValues(record, result.dtype, { bytes: budget });
  backward(record, output, byOutput.clone());
  return { result, byInput: input.gradient, sums };
}

/**
 * Compares a layer's values and gradients with those of its definition.
 *
 * @param written of x and the parameters
 */
function compare(
  x: Tensor,
  parameters: readonly Parameter[],
  compute: (x: Value) => Value,
  written: (x: Tensor, ...parameters: Tensor[]) => Tensor,
  tolerance: number,
): void {
  const leaves = [x, ...parameters.map(({ tensor }) => tensor)].map((one) =>
    one.clone().requiresGrad_(),
  );
  const [input, ...weights] = leaves;
  const expected = written(input!, ...weights);
  const byOutput = normal(random, expected.shape);
  const gradients = grad([expected], leaves, { gradOutputs: [byOutput] });
  for (const budget of [0, Number.POSITIVE_INFINITY]) {
    const { result, byInput, sums } = play(x, byOutput, parameters, compute, { budget });
    expect(distance(result, expected.detach())).toBeLessThan(tolerance);
    expect(distance(byInput!, gradients[0]!), "by input").toBeLessThan(3 * tolerance);
    parameters.forEach(({ name }, i) => {
      expect(distance(sums.get(name)!, gradients[i + 1]!), name).toBeLessThan(3 * tolerance);
    });
  }
  const inferred = compute(constant(x));
  expect(inferred.record).toBe(null);
  expect(distance(tensorOf(inferred), expected.detach())).toBeLessThan(tolerance);
}

/** Each subset of the parameters alone gets what it gets with all, and the others nothing. */
function compareFrozen(
  x: Tensor,
  parameters: readonly Parameter[],
  compute: (x: Value) => Value,
): void {
  const byOutput = normal(random, tensorOf(compute(constant(x))).shape);
  const all = play(x, byOutput, parameters, compute);
  for (const inputNeedsGradient of [true, false]) {
    for (const trained of [[], ...parameters.map((one) => [one])]) {
      if (trained.length === 0 && !inputNeedsGradient) continue;
      const { byInput, sums } = play(x, byOutput, trained, compute, { inputNeedsGradient });
      if (inputNeedsGradient) expect(difference(byInput!, all.byInput!)).toBe(0);
      else expect(byInput).toBe(null);
      for (const { name } of trained) {
        expect(difference(sums.get(name)!, all.sums.get(name)!)).toBe(0);
      }
    }
  }
}

describe("rmsNorm", () => {
  const definition = (epsilon: number) => (x: Tensor, weight: Tensor) =>
    x.mul(x.pow(2).mean([-1], true).add(epsilon).rsqrt()).mul(weight);

  test.each([1e-5, 0.5])("equals its definition with epsilon %d, gradients too", (epsilon) => {
    tidy(() => {
      const weight = parameter("w", normal(random, [64]));
      const x = normal(random, [7, 64]);
      const compute = (value: Value) => rmsNorm(value, weight, epsilon);
      compare(x, [weight], compute, definition(epsilon), 1e-6);
      const native = (value: Tensor, scale: Tensor) => nativeRmsNorm(value, [64], scale, epsilon);
      compare(x, [weight], compute, native, 1e-6);
      compareFrozen(x, [weight], compute);
    });
  });

  test("of heads is over the last dimension", () => {
    tidy(() => {
      const weight = parameter("w", normal(random, [16]));
      const x = normal(random, [5, 3, 16]);
      const compute = (value: Value) => rmsNorm(value, weight, 1e-6);
      compare(x, [weight], compute, definition(1e-6), 1e-6);
      expect(tensorOf(compute(constant(x))).shape).toEqual([5, 3, 16]);
    });
  });

  test("of heads that are parts of a projection, of which each has a norm", () => {
    tidy(() => {
      const [q, k] = [parameter("q", normal(random, [8])), parameter("k", normal(random, [8]))];
      const x = normal(random, [5, 32]);
      const joined = (parts: Tensor[]) => cat(parts, 1).reshape([parts[0]!.size(0), -1]);
      const rows = 5;
      const [expectedQ, expectedK] = [q, k].map(({ tensor }) => tensor.clone().requiresGrad_());
      const leaf = x.clone().requiresGrad_();
      const split = leaf.view([rows, 4, 8]);
      const expected = [
        definition(1e-6)(split.narrow(1, 0, 3), expectedQ!),
        definition(1e-6)(split.narrow(1, 3, 1), expectedK!),
      ];
      const byOutput = normal(random, [5, 32]);
      const gradients = grad([joined(expected)], [leaf, expectedQ!, expectedK!], {
        gradOutputs: [byOutput],
      });
      const sums = new Map([q, k].map(({ name }) => [name, zeros([8])]));
      const record = createRecord(sums);
      const input = recordedInput(record, x, "float32", true);
      const parts = splitHeads(input, [3, 1], 8);
      const normed = [rmsNorm(parts[0]!, q, 1e-6), rmsNorm(parts[1]!, k, 1e-6)];
      dropValues(record, "float32", { bytes: 0 });
      const byHeads = byOutput.view([rows, 4, 8]);
      normed[1]!.gradient = byHeads.narrow(1, 3, 1).clone();
      backward(record, normed[0]!, byHeads.narrow(1, 0, 3).clone());
      [input.gradient!, sums.get("q")!, sums.get("k")!].forEach((gradient, i) => {
        expect(distance(gradient, gradients[i]!)).toBeLessThan(2e-6);
      });
    });
  });

  test("rows of zeros and of huge values stay finite", () => {
    tidy(() => {
      const x = tensor([0, 0, 1e18, -1e18], [2, 2]);
      const weight = parameter("w", ones([2]));
      const { result, byInput } = play(x, ones([2, 2]), [], (value) =>
        rmsNorm(value, weight, 1e-5),
      );
      expect(difference(result, tensor([0, 0, 1, -1], [2, 2]))).toBeLessThan(1e-6);
      expect(numbers(byInput!).every(Number.isFinite)).toBe(true);
    });
  });

  test("bfloat16 with a float32 weight gives bfloat16 near the exact norm", () => {
    tidy(() => {
      const x = normal(random, [50, 576]).to({ dtype: "bfloat16" });
      const weight = parameter("w", normal(random, [576]));
      const actual = tensorOf(rmsNorm(constant(x), weight, 1e-5));
      expect(actual.dtype).toBe("bfloat16");
      const exact = definition(1e-5)(x.to({ dtype: "float32" }), weight.tensor);
      const relative = numbers(
        actual.to({ dtype: "float32" }).sub(exact).div(exact.abs().add(1e-3)),
      );
      // Three roundings of relative size 2^-8 at most: the normalized value, the weight, their product.
      expect(Math.max(...relative.map(Math.abs))).toBeLessThan(3.1 * 2 ** -8);
      const byOutput = normal(random, [50, 576]).to({ dtype: "bfloat16" });
      const { byInput, sums } = play(x, byOutput, [weight], (value) =>
        rmsNorm(value, weight, 1e-5),
      );
      expect([byInput!.dtype, sums.get("w")!.dtype]).toEqual(["bfloat16", "float32"]);
    });
  });
});

describe("splitHeads", () => {
  const counts = [4, 1, 2];

  test("gives the parts of a projection as heads", () => {
    tidy(() => {
      const x = normal(random, [5, 28]);
      const parts = splitHeads(constant(x), counts, 4);
      expect(parts.map((part) => tensorOf(part).shape)).toEqual([
        ...[
          [5, 4, 4],
          [5, 1, 4],
          [5, 2, 4],
        ],
      ]);
      expect(difference(tensorOf(parts[0]!), x.narrow(1, 0, 16).view([5, 4, 4]))).toBe(0);
      expect(difference(tensorOf(parts[1]!), x.narrow(1, 16, 4).view([5, 1, 4]))).toBe(0);
      expect(difference(tensorOf(parts[2]!), x.narrow(1, 20, 8).view([5, 2, 4]))).toBe(0);
    });
  });

  test("its gradient has each part in its place, and zeros for a part that nobody read", () => {
    tidy(() => {
      const x = normal(random, [5, 28]);
      const byParts = counts.map((count) => normal(random, [5, count, 4]));
      const gradientOf = (read: readonly number[]) => {
        const record = createRecord(new Map());
        const input = recordedInput(record, x, "float32", true);
        const parts = splitHeads(input, counts, 4);
        dropValues(record, "float32", { bytes: 0 });
        for (const i of read.slice(1)) parts[i]!.gradient = byParts[i]!.clone();
        backward(record, parts[read[0]!]!, byParts[read[0]!]!.clone());
        return input.gradient!;
      };
      expect(difference(gradientOf([0, 1, 2]), cat(byParts, 1).view([5, 28]))).toBe(0);
      const without = [byParts[0]!, byParts[1]!.zerosLike(), byParts[2]!];
      expect(difference(gradientOf([0, 2]), cat(without, 1).view([5, 28]))).toBe(0);
      const last = [byParts[0]!.zerosLike(), byParts[1]!.zerosLike(), byParts[2]!];
      expect(difference(gradientOf([2]), cat(last, 1).view([5, 28]))).toBe(0);
    });
  });
});

describe.each([
  { name: "swiglu", unit: swiglu, activation: silu },
  { name: "geglu", unit: geglu, activation: (x: Tensor) => x.gelu({ approximate: "tanh" }) },
])("$name", ({ unit, activation }) => {
  const written = (both: Tensor) => activation(both.narrow(1, 0, 13)).mul(both.narrow(1, 13, 13));

  test("equals activation(gate) · up, gradients too", () => {
    tidy(() => compare(normal(random, [9, 26]), [], unit, written, 1e-6));
  });

  test("far from zero too", () => {
    tidy(() => compare(normal(random, [9, 26], 30), [], unit, written, 1e-6));
  });

  test("in bfloat16 stays within its rounding", () => {
    tidy(() => {
      const x = normal(random, [50, 26]).to({ dtype: "bfloat16" });
      const leaf = x.to({ dtype: "float32" }).requiresGrad_();
      const byOutput = normal(random, [50, 13]).to({ dtype: "bfloat16" });
      const expected = written(leaf);
      const [byLeaf] = grad([expected], [leaf], {
        gradOutputs: [byOutput.to({ dtype: "float32" })],
      });
      const { result, byInput } = play(x, byOutput, [], unit);
      expect([result.dtype, byInput!.dtype]).toEqual(["bfloat16", "bfloat16"]);
      // Two or three roundings, each of 2^-8 of the value at most and half of it on average.
      expect(distance(result, expected.detach())).toBeLessThan(2 ** -8);
      expect(distance(byInput!, byLeaf!)).toBeLessThan(2 ** -8);
    });
  });
});

const groupOf = (dtype: DType): TokenGroup => ({
  index: 0,
  dtype,
  weights: prepareWeights(0, true),
  dropoutKey: null,
  rotations: null,
  attend: (q) => q,
});

describe("denseLinear", () => {
  const parts = stackParts([
    { name: "q", outFeatures: 4 },
    { name: "k", outFeatures: 2 },
  ]);

  test("knows its parts, parameters and tensors", () => {
    tidy(() => {
      const weight = parameter("q+k.weight", normal(random, [6, 5]));
      const bias = parameter("q+k.bias", normal(random, [6]));
      const layer = denseLinear(weight, bias, parts);
      expect(layer.parts).toEqual([
        { name: "q", start: 0, outFeatures: 4 },
        { name: "k", start: 4, outFeatures: 2 },
      ]);
      expect([layer.inFeatures, layer.outFeatures, layer.elements]).toEqual([5, 6, 36]);
      expect(layer.parameters()).toEqual([weight, bias]);
      expect(layer.tensors()).toEqual([weight.tensor, bias.tensor]);
      expect(layer.bias).toBe(bias);
      const plain = denseLinear(weight, null, parts);
      expect(plain.parameters()).toEqual([weight]);
      expect([plain.tensors().length, plain.elements, plain.bias]).toEqual([1, 30, null]);
      expect(weight.trainable).toBe(false);
      const dense = layer.denseWeight("float32");
      expect(difference(dense, weight.tensor)).toBe(0);
      dense.dispose();
      expect(weight.tensor.disposed).toBe(false);
    });
  });

  test.each([true, false])("values and gradients equal libtorch's, with bias: %s", (biased) => {
    tidy(() => {
      const weight = parameter("w", normal(random, [6, 5]));
      const bias = biased ? parameter("b", normal(random, [6])) : null;
      const layer = denseLinear(weight, bias, parts);
      const group = groupOf("float32");
      const x = normal(random, [7, 5]);
      const apply = (value: Value) => layer.apply(value, group);
      const written = (value: Tensor, w: Tensor, b?: Tensor) => linear(value, w, b ?? null);
      compare(x, layer.parameters(), apply, written, 1e-6);
      compareFrozen(x, layer.parameters(), apply);
    });
  });

  test("reads its input again only where the weight is trained", () => {
    tidy(() => {
      const weight = parameter("w", normal(random, [6, 5]));
      const bias = parameter("b", normal(random, [6]));
      const layer = denseLinear(weight, bias, parts);
      const read = (trained: readonly Parameter[]) => {
        const record = createRecord(
          new Map(trained.map(({ name, tensor }) => [name, zeros([...tensor.shape])])),
        );
        const input = recordedInput(record, normal(random, [7, 5]), "float32", true);
        return layer.apply(input, groupOf("float32")).operation!.reads!.length;
      };
      expect([read([]), read([bias]), read([weight]), read([weight, bias])]).toEqual([0, 0, 1, 1]);
    });
  });

  test("computes in the group's data type and gives gradients of weights in float32", () => {
    tidy(() => {
      const [weight, bias] = [
        parameter("w", normal(random, [6, 5])),
        parameter("b", normal(random, [6])),
      ];
      const layer = denseLinear(weight, bias, parts);
      const x = normal(random, [7, 5]).to({ dtype: "bfloat16" });
      const byOutput = normal(random, [7, 6]).to({ dtype: "bfloat16" });
      const group = groupOf("bfloat16");
      const apply = (value: Value) => layer.apply(value, group);
      const { result, byInput, sums } = play(x, byOutput, layer.parameters(), apply);
      expect([result.dtype, byInput!.dtype]).toEqual(["bfloat16", "bfloat16"]);
      const leaves = [x, weight.tensor, bias.tensor].map((one) =>
        one.to({ dtype: "bfloat16" }).to({ dtype: "float32" }).requiresGrad_(),
      );
      const expected = linear(leaves[0]!, leaves[1]!, leaves[2]!);
      const gradients = grad([expected], leaves, {
        gradOutputs: [byOutput.to({ dtype: "float32" })],
      });
      // Inputs are the rounded ones, so results are rounded once: by 2^-8 of themselves at most.
      const bound = 2 ** -8;
      expect(distance(result, expected.detach())).toBeLessThan(bound);
      expect(distance(byInput!, gradients[0]!)).toBeLessThan(bound);
      expect(distance(sums.get("w")!, gradients[1]!)).toBeLessThan(bound);
      expect(distance(sums.get("b")!, gradients[2]!)).toBeLessThan(bound);
      expect([...sums.values()].map(({ dtype }) => dtype)).toEqual(["float32", "float32"]);
    });
  });

  test("gradients are added to the sums that are there", () => {
    tidy(() => {
      const weight = parameter("w", normal(random, [6, 5]));
      const bias = parameter("b", normal(random, [6]));
      const layer = denseLinear(weight, bias, parts);
      const sums = new Map([
        ["w", ones([6, 5])],
        ["b", ones([6])],
      ]);
      const x = normal(random, [7, 5]);
      const record = createRecord(sums);
      const output = layer.apply(recordedInput(record, x, "float32", false), groupOf("float32"));
      dropValues(record, "float32", { bytes: 0 });
      backward(record, output, ones([7, 6]));
      const expected = x.sum([0]).add(1).expand([6, 5]);
      expect(difference(sums.get("w")!, expected)).toBeLessThan(1e-5);
      expect(difference(sums.get("b")!, zeros([6]).add(8))).toBe(0);
    });
  });
});

test("affine with a weight that cannot be trained gives no gradient by it", () => {
  tidy(() => {
    const made = normal(random, [6, 5]);
    const bias = parameter("b", normal(random, [6]));
    const layer = { bias, preparedWeight: () => made };
    const group = groupOf("float32");
    compare(
      normal(random, [7, 5]),
      [bias],
      (x) => affine(x, group, layer, null),
      (x, b) => linear(x, made, b!),
      1e-6,
    );
  });
});

describe("keyedDropout", () => {
  test("a key stands for a mask, whose kept elements are scaled", () => {
    tidy(() => {
      const x = normal(random, [40, 50]);
      const [a, b, other] = [7, 7, 8].map((key) => keyedDropout(x, 0.25, key));
      expect(difference(a!, b!)).toBe(0);
      expect(difference(a!, other!)).toBeGreaterThan(0);
      const kept = a!.ne(0).to({ dtype: "float32" });
      expect(difference(a!, mulOut(x, kept, { out: x.emptyLike() }).mul(4 / 3))).toBeLessThan(1e-6);
      expect(kept.mean(null).item()).toBeCloseTo(0.75, 1);
      expect(difference(keyedDropout(x, 0, 7), x)).toBe(0);
    });
  });

  test("the mask does not depend on the values, so that of a gradient it is the same", () => {
    tidy(() => {
      const [x, y] = [normal(random, [40, 50]), normal(random, [40, 50])];
      const [a, b] = [x, y].map((one) => keyedDropout(one, 0.25, 7).ne(0));
      expect(difference(a!, b!)).toBe(0);
      const half = keyedDropout(x.to({ dtype: "bfloat16" }), 0.25, 7).ne(0);
      expect(difference(a!, half)).toBe(0);
    });
  });
});
