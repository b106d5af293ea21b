/** Training steps leave nothing behind; and the check finds steps that do. */
import { describe, expect, test } from "vitest";
import { denseLinear, linearCrossEntropy, rmsNorm } from "../src/nn/index.js";
import {
  customGradient,
  dispose,
  Generator,
  grad,
  keep,
  ones,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "../src/tensor/index.js";
import { seededRandom } from "./engine/random.js";
import { normal } from "./engine/values.js";
import { expectNoLeak } from "./leak.js";

const random = seededRandom(5);

describe("expectNoLeak", () => {
  test("passes 1000 steps of forward pass, gradients and own backward passes", async () => {
    const x = normal(random, [64, 128]);
    const weight = normal(random, [256, 128]).requiresGrad_();
    const norm = ones([128]).requiresGrad_();
    const targets = Int32Array.from({ length: 64 }, (_, i) => i);
    const layer = denseLinear(weight, null, [{ name: "w", start: 0, outFeatures: 256 }]);
    await expectNoLeak(() =>
      tidy(() => {
        const hidden = rmsNorm(x, norm, 1e-5);
        const out = layer.prepare({ dtype: "float32", dropoutKey: null })(hidden, { index: 0 });
        const loss = linearCrossEntropy(hidden, weight, targets, 1 / 64).add(out.mean(null));
        grad([loss], [weight, norm]);
      }),
    );
    dispose([x, weight, norm]);
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
