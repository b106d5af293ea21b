/** Causal attention against softmax written out, values and gradients. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal } from "../../test/engine/values.js";
import { full, grad, liveTensors, noGrad, type Tensor, tidy } from "../tensor/index.js";
import { cachedAttention, causalAttention } from "./index.js";

/** The definition: every key head repeated for its group, all scores at once. */
function plain(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const [m = 0, heads = 0, headDim = 0] = q.shape;
  const [n = 0, keyHeads = 0] = k.shape;
  const perHead = (x: Tensor) => x.repeatInterleave(heads / keyHeads, 1).transpose(0, 1);
  const mask = full([m, n], Number.NEGATIVE_INFINITY).triu(n - m + 1);
  const scores = q.transpose(0, 1).matmul(perHead(k).transpose(1, 2)).div(Math.sqrt(headDim));
  const out = scores
    .add(mask.to({ dtype: q.dtype }))
    .softmax(-1)
    .matmul(perHead(v));
  return out.transpose(0, 1).reshape([m, heads * headDim]);
}

const random = seededRandom(3);
const make = (n: number, heads: number, headDim = 8) => normal(random, [n, heads, headDim]);

describe("causalAttention", () => {
  const sizes = [1, 2, 255, 256, 257, 600];
  const heads: [number, number][] = [
    [4, 4],
    [6, 2],
    [3, 1],
  ];
  const cases = sizes.flatMap((n) => heads.map(([q, kv]) => ({ n, q, kv })));

  test.each(cases)("$n tokens, $q query heads on $kv: values and gradients", ({ n, q, kv }) => {
    tidy(() => {
      const inputs = [make(n, q), make(n, kv), make(n, kv)] as const;
      for (const x of inputs) x.requiresGrad_();
      const gradOutputs = [normal(random, [n, q * 8])];
      const expected = plain(...inputs);
      const expectedGradients = grad([expected], inputs, { gradOutputs });
      const actual = causalAttention(...inputs);
      expect(actual.shape).toEqual([n, q * 8]);
      expect(difference(actual, expected)).toBeLessThan(2e-6);
      const gradients = grad([actual], inputs, { gradOutputs });
      for (const [i, gradient] of gradients.entries()) {
        // Gradients of keys and values are sums over up to n queries.
        expect(difference(gradient, expectedGradients[i]!)).toBeLessThan(2e-5);
      }
    });
  });

  test("takes inputs that are parts of one tensor, as the fused projections give them", () => {
    tidy(() => {
      const mixed = make(300, 5);
      const [q, k, v] = [mixed.narrow(1, 0, 3), mixed.narrow(1, 3, 1), mixed.narrow(1, 4, 1)];
      expect(difference(causalAttention(q!, k!, v!), plain(q!, k!, v!))).toBeLessThan(2e-6);
    });
  });

  test("large scores neither overflow nor lose the mask", () => {
    tidy(() => {
      const q = make(300, 2).mul(100);
      const [k, v] = [make(300, 2).mul(100), make(300, 2)];
      expect(difference(causalAttention(q, k, v), plain(q, k, v))).toBeLessThan(1e-4);
    });
  });

  test("a token does not see those after it, across block borders either", () => {
    tidy(() => {
      const [q, k, v] = [make(520, 2), make(520, 1), make(520, 1)];
      const before = causalAttention(q, k, v);
      for (const changed of [1, 255, 256, 257, 511, 519]) {
        const [otherK, otherV] = [k.clone(), v.clone()];
        otherK.narrow(0, changed, 520 - changed).add_(3);
        otherV.narrow(0, changed, 520 - changed).add_(3);
        const after = causalAttention(q, otherK, otherV);
        const seen = (x: Tensor) => x.narrow(0, 0, changed);
        expect(difference(seen(after), seen(before)), `token ${changed}`).toBe(0);
      }
    });
  });

  test("in bfloat16 stays within its rounding of float32", () => {
    tidy(() => {
      const inputs = [make(257, 4), make(257, 2), make(257, 2)] as const;
      const halves = inputs.map((x) => x.to({ dtype: "bfloat16" }));
      const wide = halves.map((x) => x.to({ dtype: "float32" }));
      const actual = causalAttention(halves[0]!, halves[1]!, halves[2]!);
      expect(actual.dtype).toBe("bfloat16");
      const expected = plain(wide[0]!, wide[1]!, wide[2]!);
      // Values reach 4; three roundings of relative size 2^-8.
      expect(difference(actual, expected)).toBeLessThan(4 * 3 * 2 ** -8);
    });
  });

  test("keeps nothing alive but what it returns", () => {
    tidy(() => {
      const [q, k, v] = [make(600, 2), make(600, 1), make(600, 1)];
      const before = liveTensors();
      const out = tidy(() => noGrad(() => causalAttention(q, k, v)));
      expect(liveTensors() - before).toBe(1);
      out.dispose();
    });
  });
});

describe("cachedAttention", () => {
  test.each([
    [1, 1],
    [1, 300],
    [5, 300],
    [299, 300],
    [300, 300],
  ])("the newest %i of %i tokens get what causalAttention gives them", (m, n) => {
    tidy(() => {
      const [q, k, v] = [make(n, 6), make(n, 2), make(n, 2)];
      const all = causalAttention(q, k, v).narrow(0, n - m, m);
      const newest = cachedAttention(q.narrow(0, n - m, m), k, v);
      expect(newest.shape).toEqual([m, 48]);
      expect(difference(newest, all)).toBeLessThan(2e-6);
    });
  });

  test("gives the same when keys and values are views into a larger cache", () => {
    tidy(() => {
      const [q, k, v] = [make(2, 4), make(64, 2), make(64, 2)];
      const parts = [k.narrow(0, 0, 40), v.narrow(0, 0, 40)] as const;
      expect(difference(cachedAttention(q, ...parts), plain(q, ...parts))).toBeLessThan(2e-6);
    });
  });
});
