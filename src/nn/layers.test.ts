/** Norm, rotation, gated unit, linear layers and dropout against their definitions. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal, numbers } from "../../test/engine/values.js";
import {
  cat,
  grad,
  linear,
  mulOut,
  rmsNorm as nativeRmsNorm,
  ones,
  silu,
  type Tensor,
  tensor,
  tidy,
} from "../tensor/index.js";
import {
  denseLinear,
  keyedDropout,
  type RopeTable,
  rmsNorm,
  ropeTable,
  rotatedHeads,
  stackParts,
  swiglu,
} from "./index.js";

const random = seededRandom(6);

/** Compares values and gradients of two functions of the same leaves. */
function compare(
  actual: Tensor,
  expected: Tensor,
  leaves: readonly Tensor[],
  tolerance: number,
): void {
  expect(difference(actual, expected)).toBeLessThan(tolerance);
  const gradOutputs = [normal(random, expected.shape)];
  const [ours, theirs] = [actual, expected].map((output) =>
    grad([output], leaves, { gradOutputs }),
  );
  for (const [i, gradient] of ours!.entries()) {
    expect(difference(gradient!, theirs![i]!), `gradient ${i}`).toBeLessThan(10 * tolerance);
  }
}

const leaf = (...shape: number[]) => normal(random, shape).requiresGrad_();

describe("rmsNorm", () => {
  test.each([1e-5, 0.5])("equals its definition with epsilon %d, gradients too", (epsilon) => {
    tidy(() => {
      const [x, weight] = [leaf(7, 64), leaf(64)];
      const definition = x.mul(x.pow(2).mean(-1, true).add(epsilon).rsqrt()).mul(weight);
      compare(rmsNorm(x, weight, epsilon), definition, [x, weight], 2e-6);
      compare(
        rmsNorm(x, weight, epsilon),
        nativeRmsNorm(x, [64], weight, epsilon),
        [x, weight],
        2e-6,
      );
    });
  });

  test("rows of zeros and of huge values stay finite", () => {
    tidy(() => {
      const x = tensor([0, 0, 1e18, -1e18], [2, 2]).requiresGrad_();
      const out = rmsNorm(x, ones([2]), 1e-5);
      expect(difference(out, tensor([0, 0, 1, -1], [2, 2]))).toBeLessThan(1e-6);
      expect(numbers(grad([out.sum(null)], [x])[0]!).every(Number.isFinite)).toBe(true);
    });
  });

  test("bfloat16 with a float32 weight gives bfloat16 near the exact norm", () => {
    tidy(() => {
      const x = normal(random, [50, 576]).to({ dtype: "bfloat16" });
      const weight = normal(random, [576]);
      const actual = rmsNorm(x, weight, 1e-5);
      expect(actual.dtype).toBe("bfloat16");
      const exact = rmsNorm(x.to({ dtype: "float32" }), weight, 1e-5);
      const relative = numbers(
        actual.to({ dtype: "float32" }).sub(exact).div(exact.abs().add(1e-3)),
      );
      // Four roundings of relative size 2^-8 each.
      expect(Math.max(...relative.map(Math.abs))).toBeLessThan(4 * 2 ** -8);
    });
  });
});

describe("rotatedHeads", () => {
  /** Queries, the one key head and the one value head, side by side again. @param x [n, heads + 2, 8] */
  const rotated = (x: Tensor, table: RopeTable) =>
    cat(rotatedHeads(x.view([x.size(0), -1]), table, x.size(1) - 2, 1), 1);
  const parameters = (partial: number) => ({
    ...{ rope_theta: 10000, head_dim: 8, partial_rotary_factor: partial },
    ...{ max_position_embeddings: 64, rope_scaling: null },
  });

  test.each([1, 0.5])(
    "rotates pairs (i, i + half) by position · θ^(-2i / d), factor %d",
    (partial) => {
      tidy(() => {
        const x = leaf(5, 3, 8);
        const positions = [0, 1, 2, 0, 63];
        const actual = rotated(x, ropeTable(parameters(partial), positions, 64, "float32"));
        const values = numbers(x);
        const half = (8 * partial) / 2;
        const expected = values.map((value, at) => {
          const i = at % 8;
          const isValue = Math.floor(at / 8) % 3 === 2;
          if (isValue || i >= 2 * half) return value;
          const angle = positions[Math.floor(at / 24)]! * 10000 ** (-(2 * (i % half)) / (2 * half));
          const partner = i < half ? -values[at + half]! : values[at - half]!;
          return value * Math.cos(angle) + partner * Math.sin(angle);
        });
        expect(difference(actual, tensor(expected, [5, 3, 8]))).toBeLessThan(1e-5);
      });
    },
  );

  test.each([1, 0.5])("its gradient is that of the definition, factor %d", (partial) => {
    tidy(() => {
      const x = leaf(6, 4, 8);
      const table = ropeTable(parameters(partial), [5, 6, 7, 0, 1, 2], 64, "float32");
      const half = 4 * partial;
      const turning = x.narrow(1, 0, 3);
      const [first, second, rest] = [
        turning.narrow(-1, 0, half),
        turning.narrow(-1, half, half),
        turning.narrow(-1, 2 * half, 8 - 2 * half),
      ];
      const parts = [
        first!.mul(table.cos).sub(second!.mul(table.sin)),
        second!.mul(table.cos).add(first!.mul(table.sin)),
        rest!,
      ];
      const weights = normal(random, [6, 4, 8]);
      const byDefinition = cat([cat(parts, -1), x.narrow(1, 3, 1)], 1);
      const [expected] = grad([byDefinition], [x], { gradOutputs: [weights] });
      const [actual] = grad([rotated(x, table)], [x], { gradOutputs: [weights] });
      expect(difference(actual!, expected!)).toBeLessThan(1e-6);
    });
  });

  test("keeps lengths, and scores depend on distances only", () => {
    tidy(() => {
      const [q, k] = [normal(random, [1, 1, 8]), normal(random, [1, 1, 8])];
      const at = (x: Tensor, position: number) =>
        rotated(cat([x, x, x], 1), ropeTable(parameters(1), [position], 64, "float32")).narrow(
          1,
          0,
          1,
        );
      const score = (a: number, b: number) => at(q, a).mul(at(k, b)).sum(null).item();
      expect(score(3, 1)).toBeCloseTo(score(42, 40), 4);
      expect(at(q, 17).pow(2).sum(null).item()).toBeCloseTo(q.pow(2).sum(null).item(), 4);
    });
  });
});

test("swiglu equals silu(gate) · up, gradients too", () => {
  tidy(() => {
    const both = leaf(9, 26);
    compare(swiglu(both), silu(both.narrow(1, 0, 13)).mul(both.narrow(1, 13, 13)), [both], 2e-6);
  });
});

describe("denseLinear", () => {
  const parts = stackParts([
    { name: "q", outFeatures: 4 },
    { name: "k", outFeatures: 2 },
  ]);
  const preparation = { dtype: "float32", dropoutKey: null } as const;

  test("knows its parts and parameters", () => {
    tidy(() => {
      const [weight, bias] = [leaf(6, 5), normal(random, [6])];
      const layer = denseLinear(weight, bias, parts);
      expect(layer.parts).toEqual([
        { name: "q", start: 0, outFeatures: 4 },
        { name: "k", start: 4, outFeatures: 2 },
      ]);
      expect([layer.inFeatures, layer.outFeatures]).toEqual([5, 6]);
      expect([...layer.parameters()]).toEqual([["q+k.weight", weight]]);
      bias.requiresGrad_();
      expect([...layer.parameters().keys()]).toEqual(["q+k.weight", "q+k.bias"]);
      expect(layer.tensors()).toEqual([weight, bias]);
    });
  });

  test.each([true, false])("values and gradients equal autograd's, with bias: %s", (biased) => {
    tidy(() => {
      const [x, weight] = [leaf(7, 5), leaf(6, 5)];
      const bias = biased ? leaf(6) : null;
      const leaves = bias ? [x, weight, bias] : [x, weight];
      const apply = denseLinear(weight, bias, parts).prepare(preparation);
      compare(apply(x, { index: 0 }), linear(x, weight, bias), leaves, 2e-6);
    });
  });

  test("connect has the gradients of apply without its values", () => {
    tidy(() => {
      const [x, weight, bias] = [leaf(7, 5), leaf(6, 5), leaf(6)];
      const apply = denseLinear(weight, bias, parts).prepare(preparation);
      const gradOutputs = [normal(random, [7, 6])];
      const [applied, connected] = [apply(x, { index: 0 }), apply.connect(x, { index: 0 })].map(
        (output) => grad([output], [x, weight, bias], { gradOutputs }),
      );
      for (const i of [0, 1, 2]) expect(difference(applied![i]!, connected![i]!)).toBe(0);
    });
  });

  test("computes in the prepared dtype and gives gradients in the weight's", () => {
    tidy(() => {
      const [x, weight] = [leaf(7, 5), leaf(6, 5)];
      const apply = denseLinear(weight, null, parts).prepare({
        dtype: "bfloat16",
        dropoutKey: null,
      });
      const out = apply(x.to({ dtype: "bfloat16" }), { index: 0 });
      expect(out.dtype).toBe("bfloat16");
      const [byWeight] = grad([out.sum(null)], [weight]);
      expect(byWeight!.dtype).toBe("float32");
      expect(difference(byWeight!, x.detach().sum(0).expand([6, 5]))).toBeLessThan(0.1);
    });
  });
});

test("keyedDropout: a key stands for a mask, whose kept elements are scaled", () => {
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
