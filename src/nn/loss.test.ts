/** Cross entropy in chunks against log-softmax and its gradients by libtorch. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal, numbers } from "../../test/engine/values.js";
import { grad, liveTensors, ones, type Tensor, tensor, tidy, zeros } from "../tensor/index.js";
import { NativeError } from "../util/errors.js";
import { type LossGradients, type LossTargets, linearCrossEntropy } from "./index.js";

const random = seededRandom(4);
const [vocab, dim] = [97, 12];

/** The definition: all logits at once. */
function plain(
  hidden: Tensor,
  weight: Tensor,
  { targets, weights, scale, softCap }: LossTargets,
): Tensor {
  let logits = hidden.matmul(weight.transpose(0, 1)).to({ dtype: "float32" });
  if (softCap !== undefined) logits = logits.div(softCap).tanh().mul(softCap);
  const losses = logits
    .logSoftmax(-1)
    .gather(1, targets.view([-1, 1]))
    .view([-1])
    .neg();
  return (weights ? losses.mul(weights) : losses).sum(null).mul(scale);
}

function idsOf(ids: readonly number[]): Tensor {
  return tensor(BigInt64Array.from(ids, BigInt));
}

function example(m: number, options: Partial<LossTargets> = {}) {
  const ids = Array.from({ length: m }, () => random.below(vocab));
  const targets: LossTargets = { targets: idsOf(ids), weights: null, scale: 1 / m, ...options };
  return { hidden: normal(random, [m, dim]), weight: normal(random, [vocab, dim]), targets };
}

/** Loss and gradients by the definition. */
function reference(hidden: Tensor, weight: Tensor, targets: LossTargets) {
  const leaves = [hidden, weight].map((x) => x.clone().requiresGrad_());
  const loss = plain(leaves[0]!, leaves[1]!, targets);
  const [byHidden, byWeight] = grad([loss], leaves);
  return { loss: loss.item(), byHidden: byHidden!, byWeight: byWeight! };
}

function run(
  hidden: Tensor,
  weight: Tensor,
  targets: LossTargets,
  gradients: Partial<LossGradients> = {},
) {
  const byWeight = zeros([...weight.shape]);
  const { loss, byHidden } = linearCrossEntropy(hidden, weight, targets, {
    gradientScale: null,
    byWeight,
    ...gradients,
  });
  expect([loss.shape, loss.dtype]).toEqual([[], "float32"]);
  return { loss: loss.item(), byHidden: byHidden!, byWeight };
}

/** Length of the difference by the length of what was expected. */
const distance = (a: Tensor, b: Tensor) =>
  a.sub(b).linalgVectorNorm().item() / b.linalgVectorNorm().item();

function compare(hidden: Tensor, weight: Tensor, targets: LossTargets, tolerance = 2e-6): void {
  const expected = reference(hidden, weight, targets);
  const actual = run(hidden, weight, targets);
  expect(actual.loss / expected.loss).toBeCloseTo(1, 5);
  expect(distance(actual.byHidden, expected.byHidden)).toBeLessThan(tolerance);
  expect(distance(actual.byWeight, expected.byWeight)).toBeLessThan(tolerance);
}

const weightsOf = (m: number) => normal(random, [m]);

describe("linearCrossEntropy", () => {
  const sizes = [1, 2, 255, 256, 257, 512, 513, 700];
  const cases = sizes.flatMap((m) =>
    [256 * vocab + 1, 2 ** 25, 3 * vocab].map((chunkElements) => [m, chunkElements] as const),
  );

  test.each(cases)("%i targets, %i logits at once: value and gradients", (m, chunkElements) => {
    tidy(() => {
      const { hidden, weight, targets } = example(m, { chunkElements });
      compare(hidden, weight, targets);
    });
  });

  test("a chunk has a row at least", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(3, { chunkElements: 1 });
      compare(hidden, weight, targets);
    });
  });

  const options: [string, (m: number) => Partial<LossTargets>][] = [
    ["weights", (m) => ({ weights: weightsOf(m) })],
    ["a soft cap", () => ({ softCap: 2 })],
    ["a scale", () => ({ scale: -0.7 })],
    ["all of them", (m) => ({ weights: weightsOf(m), softCap: 2, scale: 3 })],
  ];

  test.each(options)("with %s, in chunks or not", (_, option) => {
    tidy(() => {
      for (const chunkElements of [20 * vocab, 2 ** 25]) {
        const { hidden, weight, targets } = example(90, { ...option(90), chunkElements });
        compare(hidden, weight, targets);
      }
    });
  });

  test("a weight of zero takes a position out", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(40, { scale: 1 });
      const mask = Array.from({ length: 40 }, (_, i) => (i < 25 ? 1 : 0));
      const masked = run(hidden, weight, { ...targets, weights: tensor(mask) });
      const first = { ...targets, targets: targets.targets.narrow(0, 0, 25) };
      const alone = run(hidden.narrow(0, 0, 25), weight, first);
      expect(masked.loss).toBeCloseTo(alone.loss, 4);
      expect(difference(masked.byWeight, alone.byWeight)).toBeLessThan(1e-5);
      expect(difference(masked.byHidden.narrow(0, 0, 25), alone.byHidden)).toBeLessThan(1e-5);
      expect(numbers(masked.byHidden.narrow(0, 25, 15)).every((value) => value === 0)).toBe(true);
    });
  });

  test("the scale of gradients leaves the loss alone", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(300, { chunkElements: 100 * vocab });
      const plainly = run(hidden, weight, targets);
      const scaled = run(hidden, weight, targets, { gradientScale: tensor([1024], []) });
      expect(scaled.loss).toBe(plainly.loss);
      expect(distance(scaled.byHidden, plainly.byHidden.mul(1024))).toBeLessThan(1e-6);
      expect(distance(scaled.byWeight, plainly.byWeight.mul(1024))).toBeLessThan(1e-6);
    });
  });

  test.each([2 ** 16, 2 ** 10, 1])(
    "float16 with a loss scale of %d has float32's gradients",
    (factor) => {
      tidy(() => {
        // Of a window of a thousand tokens; 2^16 is the loss scale of the first step.
        const { hidden, weight, targets } = example(20, { scale: 1e-3 });
        const halves = [hidden, weight].map((x) => x.to({ dtype: "float16" }));
        const wide = halves.map((x) => x.to({ dtype: "float32" }));
        const expected = reference(wide[0]!, wide[1]!, targets);
        const { loss, byHidden, byWeight } = run(halves[0]!, halves[1]!, targets, {
          gradientScale: tensor([factor], []),
        });
        expect(loss / expected.loss).toBeCloseTo(1, 3);
        const back = byHidden.to({ dtype: "float32" }).div(factor);
        // Without a loss scale a thousandth of a probability is among float16's smallest numbers.
        const bound = factor === 1 ? 0.05 : 0.005;
        expect(distance(back, expected.byHidden)).toBeLessThan(bound);
        expect(distance(byWeight.div(factor), expected.byWeight)).toBeLessThan(bound);
      });
    },
  );

  test("the gradient by the output embedding is added to what is there", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(40, { chunkElements: 7 * vocab });
      const byWeight = ones([vocab, dim]);
      run(hidden, weight, targets, { byWeight });
      const expected = reference(hidden, weight, targets).byWeight.add(1);
      expect(difference(byWeight, expected)).toBeLessThan(1e-6);
    });
  });

  test("a frozen output embedding costs no gradient of its own, an evaluation none at all", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(40);
      const expected = reference(hidden, weight, targets);
      const frozen = run(hidden, weight, targets, { byWeight: null });
      expect(distance(frozen.byHidden, expected.byHidden)).toBeLessThan(2e-6);
      const { loss, byHidden } = linearCrossEntropy(hidden, weight, targets, null);
      expect(loss.item()).toBe(frozen.loss);
      expect(byHidden).toBe(null);
    });
  });

  test("no targets: a loss of zero with gradients of zero", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(0, { scale: 1 });
      for (const weights of [null, zeros([0])]) {
        const { loss, byHidden, byWeight } = run(hidden, weight, { ...targets, weights });
        expect(loss).toBe(0);
        expect(byHidden.shape).toEqual([0, dim]);
        expect(numbers(byWeight).every((value) => value === 0)).toBe(true);
      }
    });
  });

  test("losses of parts add up to the loss of the whole", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(600, { scale: 0.01 });
      const part = (from: number, to: number) =>
        run(hidden.narrow(0, from, to - from), weight, {
          ...targets,
          targets: targets.targets.narrow(0, from, to - from),
        }).loss;
      const whole = run(hidden, weight, targets).loss;
      expect(part(0, 100) + part(100, 600)).toBeCloseTo(whole, 4);
    });
  });

  test("large logits neither overflow nor vanish", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(30);
      compare(hidden.mul(1000), weight, targets, 1e-5);
      const capped = { ...targets, softCap: 30 };
      const { loss, byHidden } = run(hidden.mul(1000), weight, capped);
      expect(Number.isFinite(loss)).toBe(true);
      expect(numbers(byHidden).every(Number.isFinite)).toBe(true);
    });
  });

  test("bfloat16 states: the loss is computed in float32", () => {
    tidy(() => {
      const { hidden, weight, targets } = example(300);
      const halves = [hidden, weight].map((x) => x.to({ dtype: "bfloat16" }));
      const { loss, byHidden, byWeight } = run(halves[0]!, halves[1]!, targets);
      expect(loss).toBeCloseTo(plain(halves[0]!, halves[1]!, targets).item(), 5);
      expect([byHidden.dtype, byWeight.dtype]).toEqual(["bfloat16", "float32"]);
      const wide = halves.map((x) => x.to({ dtype: "float32" }));
      const expected = reference(wide[0]!, wide[1]!, targets);
      // Logits, their gradients and the products are rounded, each by 2^-8 at most.
      expect(distance(byHidden.to({ dtype: "float32" }), expected.byHidden)).toBeLessThan(0.01);
      expect(distance(byWeight, expected.byWeight)).toBeLessThan(0.01);
    });
  });

  test("inputs stay as they are, and nothing else stays", () => {
    tidy(() => {
      const option = { weights: weightsOf(50), softCap: 3, chunkElements: 20 * vocab };
      const { hidden, weight, targets } = example(50, option);
      const all = [hidden, weight, targets.targets, targets.weights!];
      const copies = all.map((x) => x.clone());
      const before = liveTensors();
      const { loss, byHidden } = linearCrossEntropy(hidden, weight, targets, {
        gradientScale: null,
        byWeight: null,
      });
      expect(liveTensors() - before).toBe(2);
      for (const [i, x] of all.entries()) expect(difference(x, copies[i]!)).toBe(0);
      expect([loss, byHidden].every((x) => x && !x.disposed)).toBe(true);
    });
  });

  test("targets outside the vocabulary are refused, and nothing stays behind", () => {
    const { hidden, weight } = tidy(() => example(1));
    for (const target of [vocab, -1, 2 ** 31 - 1]) {
      const before = liveTensors();
      const fail = () =>
        tidy(() => run(hidden, weight, { targets: idsOf([target]), weights: null, scale: 1 }));
      expect(fail).toThrow(NativeError);
      expect(liveTensors()).toBe(before);
    }
  });
});
