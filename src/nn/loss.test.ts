/** Cross entropy in chunks against log-softmax and autograd. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal, numbers } from "../../test/engine/values.js";
import { crossEntropyLoss, grad, liveTensors, type Tensor, tensor, tidy } from "../tensor/index.js";
import { NativeError } from "../util/errors.js";
import { linearCrossEntropy } from "./index.js";

const random = seededRandom(4);
const [vocab, dim] = [97, 12];

function plain(hidden: Tensor, weight: Tensor, targets: Int32Array, scale: number): Tensor {
  const logits = hidden.matmul(weight.transpose(0, 1)).to({ dtype: "float32" });
  const wanted = tensor(BigInt64Array.from(targets, BigInt));
  const sumOfAll = 2;
  return crossEntropyLoss(logits, wanted, null, sumOfAll).mul(scale);
}

function example(m: number) {
  return {
    hidden: normal(random, [m, dim]).requiresGrad_(),
    weight: normal(random, [vocab, dim]).requiresGrad_(),
    targets: Int32Array.from({ length: m }, () => random.below(vocab)),
  };
}

describe("linearCrossEntropy", () => {
  const sizes = [1, 2, 255, 256, 257, 512, 513, 700];
  const cases = sizes.flatMap((m) => [[m, 256 * vocab + 1] as const, [m, 2 ** 25] as const]);

  test.each(cases)("%i targets, %i logits at once: value and gradients", (m, chunkElements) => {
    tidy(() => {
      const { hidden, weight, targets } = example(m);
      const expected = plain(hidden, weight, targets, 1 / m);
      const loss = linearCrossEntropy(hidden, weight, targets, 1 / m, chunkElements);
      expect([loss.shape, loss.dtype]).toEqual([[], "float32"]);
      expect(loss.item()).toBeCloseTo(expected.item(), 5);
      const byPlain = grad([expected], [hidden, weight]);
      const gradients = grad([loss], [hidden, weight]);
      expect(difference(gradients[0]!, byPlain[0]!)).toBeLessThan(1e-6);
      expect(difference(gradients[1]!, byPlain[1]!)).toBeLessThan(2e-6);
    });
  });

  test("a chunk has a row at least", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(3);
      const loss = linearCrossEntropy(hidden, weight, targets, 1, 1);
      expect(loss.item()).toBeCloseTo(plain(hidden, weight, targets, 1).item(), 4);
    });
  });

  test("the gradient that arrives scales those that leave", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(300);
      const [tripled] = grad([linearCrossEntropy(hidden, weight, targets, 1).mul(3)], [hidden]);
      const [once] = grad([plain(hidden, weight, targets, 1)], [hidden]);
      expect(difference(tripled!, once!.mul(3))).toBeLessThan(1e-5);
    });
  });

  test("a frozen output embedding, or frozen states, cost no gradient of theirs", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(40);
      const [expectedHidden, expectedWeight] = grad(
        [plain(hidden, weight, targets, 1)],
        [hidden, weight],
      );
      const onlyHidden = linearCrossEntropy(hidden, weight.detach(), targets, 1);
      expect(difference(grad([onlyHidden], [hidden])[0]!, expectedHidden!)).toBeLessThan(1e-5);
      const onlyWeight = linearCrossEntropy(hidden.detach(), weight, targets, 1);
      expect(difference(grad([onlyWeight], [weight])[0]!, expectedWeight!)).toBeLessThan(2e-5);
      const none = linearCrossEntropy(hidden.detach(), weight.detach(), targets, 1);
      expect(none.requiresGrad).toBe(false);
    });
  });

  test("no targets: a loss of zero with gradients of zero", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(0);
      const loss = linearCrossEntropy(hidden, weight, targets, 1);
      expect(loss.item()).toBe(0);
      const [byHidden, byWeight] = grad([loss], [hidden, weight]);
      expect(byHidden!.shape).toEqual([0, dim]);
      expect(numbers(byWeight!).every((value) => value === 0)).toBe(true);
    });
  });

  test("losses of parts add up to the loss of the whole", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(600);
      const part = (from: number, to: number) =>
        linearCrossEntropy(
          hidden.narrow(0, from, to - from),
          weight,
          targets.subarray(from, to),
          0.01,
        ).item();
      const whole = linearCrossEntropy(hidden, weight, targets, 0.01).item();
      expect(part(0, 100) + part(100, 600)).toBeCloseTo(whole, 4);
    });
  });

  test("large logits neither overflow nor vanish", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(30);
      const large = hidden.detach().mul(1000).requiresGrad_();
      const expected = plain(large, weight, targets, 1);
      const loss = linearCrossEntropy(large, weight, targets, 1);
      expect(loss.item() / expected.item()).toBeCloseTo(1, 5);
      const [actual, wanted] = [loss, expected].map((value) => grad([value], [large])[0]!);
      expect(difference(actual!, wanted!)).toBeLessThan(1e-4);
    });
  });

  test("bfloat16 states: the loss is computed in float32", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(300);
      const halves = [hidden, weight].map((x) =>
        x.detach().to({ dtype: "bfloat16" }).requiresGrad_(),
      );
      const loss = linearCrossEntropy(halves[0]!, halves[1]!, targets, 1 / 300);
      expect(loss.item()).toBeCloseTo(plain(halves[0]!, halves[1]!, targets, 1 / 300).item(), 5);
      const [byHidden, byWeight] = grad([loss], halves);
      expect([byHidden!.dtype, byWeight!.dtype]).toEqual(["bfloat16", "bfloat16"]);
      const wide = halves.map((x) => x.detach().to({ dtype: "float32" }).requiresGrad_());
      const [expected] = grad([plain(wide[0]!, wide[1]!, targets, 1 / 300)], wide);
      expect(difference(byHidden!, expected!)).toBeLessThan(1e-3);
    });
  });

  test("targets outside the vocabulary are refused, and nothing stays behind", () => {
    const { hidden, weight } = example(1);
    const before = liveTensors();
    for (const target of [vocab, -1, 2 ** 31 - 1]) {
      const run = () => tidy(() => linearCrossEntropy(hidden, weight, Int32Array.of(target), 1));
      expect(run).toThrow(NativeError);
    }
    expect(liveTensors()).toBe(before);
  });
});
