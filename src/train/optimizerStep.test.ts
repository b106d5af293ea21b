import { afterEach, describe, expect, it } from "vitest";
import { dispose, full, randn, type Tensor, tensor, tidy, zeros } from "../tensor/index.js";
import { disposeGradients, type Gradients, gradientNorm, gradientsOf } from "./gradients.js";
import { createLossScale, judgeSkippedStep } from "./lossScale.js";
import { createOptimizer, type Optimizer } from "./optimizer.js";
import { clipGradients, optimizerStep, readFigures, type StepParts } from "./optimizerStep.js";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const shapes = { wide: [64, 80], small: [3, 4], vector: [7] };
const bytesOf = (tensors: Iterable<[string, Tensor]>) =>
  [...tensors].map(([name, one]) => [name, [...one.bytes()]] as const);

interface Trained {
  parameters: Map<string, Tensor>;
  optimizer: Optimizer;
  gradients: Gradients;
  parts: StepParts;
}

function begin(kind: "adamw" | "adamw8bit" | "sgd", lossScale?: number): Trained {
  const parameters = new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const count = shape.reduce((a, b) => a * b);
      const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i + name.length));
      return [name, tensor(values, shape)];
    }),
  );
  const optimizer = createOptimizer(parameters, {
    kind,
    weight_decay: 0.1,
    momentum: 0.9,
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
  });
  const gradients = gradientsOf(parameters, "cpu");
  const scale =
    lossScale === undefined ? null : createLossScale({ value: lossScale, goodSteps: 0 }, "cpu");
  closers.push(() => {
    dispose([parameters, { ...scale }]);
    optimizer.dispose();
    disposeGradients(gradients);
  });
  return {
    parameters,
    optimizer,
    gradients,
    parts: { gradients, optimizer, lossScale: scale, maxGradNorm: 1 },
  };
}

/** One step with gradients that depend on `seed`, times `factor`. */
function step({ gradients, parts }: Trained, seed: number, factor = 1, loss = 2.5) {
  return tidy(() => {
    gradients.flat.zero_();
    for (const view of gradients.views.values()) {
      const values = Float32Array.from(
        { length: view.numel },
        (_, i) => factor * Math.cos(seed * 7 + i),
      );
      view.copy_(tensor(values, view.shape));
    }
    const rows = zeros([0], { dtype: "float32" });
    const losses = { loss: full([], loss, { dtype: "float32" }), rows };
    return readFigures(optimizerStep(parts, losses, 0.01));
  });
}

describe.each(["adamw", "adamw8bit", "sgd"] as const)("%s", (kind) => {
  it.each([
    ["an infinite gradient", Number.POSITIVE_INFINITY, 2.5],
    ["a gradient that is no number", Number.NaN, 2.5],
    ["a gradient whose norm overflows", 1e30, 2.5],
    ["a loss that is no number", 1, Number.NaN],
  ])(
    "a step with %s changes nothing, and what follows is as if it had not been",
    (_, factor, loss) => {
      const [one, other] = [begin(kind), begin(kind)];
      for (const seed of [1, 2]) for (const trained of [one, other]) step(trained, seed);
      const before = bytesOf([...one.parameters, ...one.optimizer.state()]);
      expect(step(one, 3, factor, loss).skipped).toBe(true);
      expect(bytesOf([...one.parameters, ...one.optimizer.state()])).toEqual(before);
      expect(step(one, 4).skipped).toBe(false);
      step(other, 4);
      expect(bytesOf(one.parameters)).toEqual(bytesOf(other.parameters));
      expect(bytesOf(one.optimizer.state())).toEqual(bytesOf(other.optimizer.state()));
      expect(bytesOf(one.parameters)).not.toEqual(before.slice(0, 3));
    },
  );

  it("the very first step may be the one that is left out", () => {
    const [one, other] = [begin(kind), begin(kind)];
    step(one, 1, Number.POSITIVE_INFINITY);
    for (const trained of [one, other]) step(trained, 2);
    expect(bytesOf(one.parameters)).toEqual(bytesOf(other.parameters));
  });

  it("a loss scale that is a power of two changes no number", () => {
    const [one, other] = [begin(kind), begin(kind, 2 ** 14)];
    for (const seed of [1, 2, 3]) {
      const plain = step(one, seed);
      const scaled = step(other, seed, 2 ** 14);
      expect(scaled.gradNorm).toBe(plain.gradNorm);
      expect(scaled.lossScale).toEqual({ value: 2 ** 14, goodSteps: seed });
    }
    expect(bytesOf(other.parameters)).toEqual(bytesOf(one.parameters));
  });
});

it("the loss scale halves with each overflow and doubles after 2,000 good steps, as GradScaler's", () => {
  const trained = begin("sgd", 65536);
  expect(step(trained, 1, Number.POSITIVE_INFINITY).lossScale).toEqual({
    value: 32768,
    goodSteps: 0,
  });
  expect(step(trained, 1, Number.NaN).lossScale).toEqual({ value: 16384, goodSteps: 0 });
  expect(step(trained, 1).lossScale).toEqual({ value: 16384, goodSteps: 1 });
  trained.parts.lossScale!.goodSteps.fill_(1999);
  expect(step(trained, 2).lossScale).toEqual({ value: 32768, goodSteps: 0 });
});

it("without a limit of the norm, gradients stay as they are but for the scale", () => {
  const { gradients } = begin("sgd");
  tidy(() => {
    gradients.views.get("vector")!.fill_(3);
    const { norm } = clipGradients(gradients, 0);
    expect(norm.item()).toBeCloseTo(3 * Math.sqrt(7), 5);
    expect(gradients.views.get("vector")!.amax().item()).toBe(3);
    clipGradients(gradients, 0, undefined, full([], 4, { dtype: "float32" }));
    expect(gradients.views.get("vector")!.amax().item()).toBe(0.75);
  });
});

it("the norm of many gradients is right to a few roundings", () => {
  tidy(() => {
    const values = randn([10_000_000], { generator: null }).mul_(1e-3).add_(2e-3);
    const gradients = gradientsOf(new Map([["all", values]]), "cpu");
    gradients.views.get("all")!.copy_(values);
    const exact = Math.sqrt(values.to({ dtype: "float64" }).mul_(values).sum(null).item());
    expect(Math.abs(gradientNorm(gradients).item() / exact - 1)).toBeLessThan(1e-6);
  });
});

describe("skipped steps", () => {
  it("are warned of, five in a row at a time", () => {
    const warnings = Array.from({ length: 11 }, (_, i) =>
      judgeSkippedStep(i + 1, i + 1, 2 ** (15 - i)),
    );
    expect(warnings.map(Boolean)).toEqual(Array.from({ length: 11 }, (_, i) => (i + 1) % 5 === 0));
    expect(warnings[4]).toMatch(/5 steps in a row were skipped.*loss scale is now 2048/);
  });

  it("end a run where a smaller scale does not help any more", () => {
    expect(() => judgeSkippedStep(29, 29, 65536 / 2 ** 29)).not.toThrow();
    expect(() => judgeSkippedStep(30, 30, 65536 / 2 ** 30)).toThrow(
      /overflow float16 for 30 steps/,
    );
  });
});
