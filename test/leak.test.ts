/** Training steps leave nothing behind; and the check finds steps that do. */
import { describe, expect, test } from "vitest";
import {
  addGradient,
  attendWithin,
  type Branch,
  backward,
  backwardBranches,
  createRecord,
  denseLinear,
  dropValues,
  linearCrossEntropy,
  operate,
  parameter,
  prepareWeights,
  recordBranches,
  recordedInput,
  rmsNorm,
  splitHeads,
  stackParts,
  swiglu,
  type TokenGroup,
  tensorOf,
} from "../src/nn/index.js";
import {
  customGradient,
  dispose,
  Generator,
  grad,
  keep,
  linear,
  ones,
  type Tensor,
  tensor,
  tidy,
  vjp,
  zeros,
} from "../src/tensor/index.js";
import { seededRandom } from "./engine/random.js";
import { normal } from "./engine/values.js";
import { expectNoLeak } from "./leak.js";

const random = seededRandom(5);

describe("expectNoLeak", () => {
  test.each([
    ["float32", 0],
    ["bfloat16", Number.POSITIVE_INFINITY],
  ] as const)(
    "passes 1000 recorded steps, forward and backward: %s, budget %d",
    async (dtype, bytes) => {
      const x = normal(random, [64, 64]);
      const norm = parameter("norm", ones([64]));
      const up = parameter("up", normal(random, [256, 64]));
      const down = parameter("down", normal(random, [64, 64]));
      const upper = denseLinear(up, null, stackParts([{ name: "up", outFeatures: 256 }]));
      const lower = denseLinear(down, null, stackParts([{ name: "down", outFeatures: 64 }]));
      const branch: Branch = {
        parameters: () => [norm, up, down],
        forward(input, own) {
          const activated = swiglu(upper.apply(rmsNorm(input, norm, 1e-5), own));
          const [q, k, v] = splitHeads(activated, [2, 1, 1], 32);
          return lower.apply(own.attend(q!, k!, v!, 0), own);
        },
      };
      const cuSeqlens = tensor(Int32Array.of(0, 24, 64));
      const sequences = { lengths: [24, 40], longest: 40, cuSeqlens };
      const weights = prepareWeights(0, true);
      const group: TokenGroup = {
        index: 0,
        dtype,
        weights,
        dropoutKey: null,
        rotations: null,
        attend: attendWithin(sequences),
      };
      const head = normal(random, [96, 64]);
      const targets = tensor(BigInt64Array.from({ length: 64 }, (_, i) => BigInt(i)));
      const gradients = new Map(
        [norm, up, down].map(({ name, tensor }) => [name, zeros([...tensor.shape])]),
      );
      const budget = { bytes };
      const step = () => {
        const options = { inputsNeedGradients: true };
        const start = [x.clone()];
        const stack = recordBranches([branch], start, [group], gradients, budget, options);
        const { byHidden } = linearCrossEntropy(
          stack.outputs[0]!,
          head,
          { targets, weights: null, scale: 1 / 64 },
          { gradientScale: null, byWeight: null },
        );
        backwardBranches(stack.records, [byHidden!], [group], budget);
      };
      // V8's young generation grows to 32 MiB on the way; each value that is kept has 64 KiB a step.
      await expectNoLeak(() => tidy(step), { slackBytes: 48 << 20 });
      expect(budget.bytes).toBe(bytes);
      dispose([x, norm.tensor, up.tensor, down.tensor, cuSeqlens, head, targets, gradients]);
    },
  );

  test("passes recorded steps that throw, forward and backward", async () => {
    const x = normal(random, [1000]);
    let step = 0;
    await expectNoLeak(() => {
      const failing = ++step % 3;
      try {
        tidy(() => {
          const record = createRecord(new Map());
          const input = recordedInput(record, x, "float32", true);
          const [inner] = operate({
            inputs: [input],
            cost: "dear",
            compute: () => [tensorOf(input).mul(2)],
            backward([gradient]) {
              addGradient(input, gradient!.mul(2));
              if (failing === 1) throw new Error("stop");
            },
          });
          const [output] = operate({
            inputs: [inner!],
            cost: "dear",
            compute() {
              const result = tensorOf(inner!).mul(3);
              if (failing === 2) throw new Error("stop");
              return [result];
            },
            reads: [inner!],
            backward([gradient]) {
              addGradient(inner!, gradient!.mul(tensorOf(inner!)));
            },
          });
          dropValues(record, "float32", { bytes: step % 2 === 0 ? 0 : 1e6 });
          backward(record, output!, x.clone());
        });
      } catch {}
    });
    x.dispose();
  });

  test("passes 1000 steps of libtorch's own gradients", async () => {
    const x = normal(random, [64, 128]);
    const weight = normal(random, [256, 128]).requiresGrad_();
    await expectNoLeak(() =>
      tidy(() => {
        grad([linear(x, weight, null).mean(null)], [weight]);
        vjp(([one]) => one!.exp(), [x], x);
      }),
    );
    dispose([x, weight]);
  });

  test("passes steps whose tensors are all disposed by hand, with no tidy around them", async () => {
    const x = zeros([1000]).requiresGrad_();
    await expectNoLeak(() => {
      let doubled: Tensor | undefined;
      const [y] = customGradient(
        [x],
        () => {
          doubled = x.mul(2);
          return { outputs: [doubled], saved: null };
        },
        ([gradient]) => [(gradient as Tensor).mul(2)],
      );
      const sum = y!.sum(null);
      const gradients = grad([sum], [x]);
      dispose([sum, y, gradients]);
    });
  });

  test("passes steps that throw, in a backward pass too", async () => {
    const x = zeros([1000]).requiresGrad_();
    await expectNoLeak(() => {
      try {
        tidy(() => {
          const [y] = customGradient(
            [x],
            () => ({ outputs: [x.mul(2)], saved: null }),
            ([gradient]) => {
              (gradient as Tensor).mul(2);
              throw new Error("stop");
            },
          );
          grad([y!.sum(null)], [x]);
        });
      } catch {}
    });
  });

  test("passes generators and memory views", async () => {
    await expectNoLeak(() => {
      using generator = new Generator(1);
      tidy(() => {
        zeros([1000]).uniform_(0, 1, { generator }).bytes()[0] = 1;
        generator.setState(generator.state());
      });
    });
  });

  test("finds a tensor that outlives each step", async () => {
    const kept: Tensor[] = [];
    const leaky = () => tidy(() => void kept.push(keep(tensor([1]))));
    await expect(expectNoLeak(leaky, { iterations: 10 })).rejects.toThrow(
      "10 runs left 10 native tensors alive",
    );
    dispose(kept);
  });

  test("finds memory that grows though no tensor does", async () => {
    const views: Uint8Array[] = [];
    const leaky = () => tidy(() => void views.push(ones([1 << 18]).bytes()));
    await expect(expectNoLeak(leaky, { warmUp: 1, iterations: 60 })).rejects.toThrow("MiB more");
  });
});
