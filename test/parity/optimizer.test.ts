/** One optimizer step after another against torch's AdamW and SGD; clipping against torch's. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dispose, type Tensor, tensor } from "../../src/tensor/index.js";
import { clipGradients, createOptimizer } from "../../src/train/optimizer.js";
import { type FixtureTensor, fixture, fixtureTensors } from "./fixtures.js";

const { cases, clip } = JSON.parse(readFileSync(fixture("optimizer/cases.json"), "utf8")) as {
  cases: {
    name: string;
    settings: {
      lr: number;
      betas?: [number, number];
      eps?: number;
      weight_decay: number;
      momentum?: number;
    };
    steps: number;
    parameters: Record<string, number[]>;
  }[];
  clip: { max_norm: number; total_norm: number }[];
};

const make = ({ shape, values }: FixtureTensor): Tensor => tensor(values, shape);
const values = (one: Tensor) => new Float32Array(one.detach().bytes().buffer);

function expectEqual(ours: Tensor, theirs: FixtureTensor, where: string): void {
  values(ours).forEach((value, i) => {
    expect(Math.abs(value - theirs.values[i]!), where).toBeLessThan(1e-7);
  });
}

describe("optimizers equal torch's", () => {
  it.each(cases.filter(({ name }) => name !== "adamw8bit"))(
    "$name",
    ({ name, settings, steps, parameters }) => {
      const stored = fixtureTensors(`optimizer/${name}.safetensors`);
      for (const key of Object.keys(parameters)) {
        // One at a time: torch's reference decays vectors too, and we leave them out.
        const parameter = make(stored.get(`${key}.initial`)!);
        const decayed = (parameters[key] as number[]).length > 1;
        if (!decayed) continue;
        const optimizer = createOptimizer(new Map([[key, parameter]]), {
          kind: name === "sgd" ? "sgd" : "adamw",
          weight_decay: settings.weight_decay,
          adam_beta1: settings.betas?.[0] ?? 0.9,
          adam_beta2: settings.betas?.[1] ?? 0.999,
          adam_epsilon: settings.eps ?? 1e-8,
          momentum: settings.momentum ?? 0,
        });
        for (let step = 1; step <= steps; step++) {
          const gradient = make(stored.get(`${key}.grad.${step}`)!);
          optimizer.step(new Map([[key, gradient]]), settings.lr);
          gradient.dispose();
          expectEqual(parameter, stored.get(`${key}.after.${step}`)!, `${key} after step ${step}`);
        }
        for (const [part, state] of optimizer.state()) {
          const theirs = stored.get(part);
          if (theirs) expectEqual(state, theirs, part);
        }
        optimizer.dispose();
        parameter.dispose();
      }
    },
  );

  it("does not decay vectors, as transformers", () => {
    const parameter = tensor([1, 2, 3]);
    const optimizer = createOptimizer(new Map([["norm.weight", parameter]]), {
      kind: "adamw",
      weight_decay: 0.5,
      adam_beta1: 0.9,
      adam_beta2: 0.999,
      adam_epsilon: 1e-8,
    });
    optimizer.step(new Map([["norm.weight", tensor([0, 0, 0])]]), 0.1);
    expect([...values(parameter)]).toEqual([1, 2, 3]);
    optimizer.dispose();
  });

  it.each(clip)("clips to $max_norm", ({ max_norm, total_norm }) => {
    const stored = fixtureTensors("optimizer/clip.safetensors");
    const gradients = new Map(
      [...stored]
        .filter(([name]) => name.startsWith("grad."))
        .map(([name, one]) => [name.slice("grad.".length), make(one)]),
    );
    expect(clipGradients(gradients, max_norm)).toBeCloseTo(total_norm, 4);
    const factor = Math.min(1, max_norm / (total_norm + 1e-6));
    for (const [name, gradient] of gradients) {
      values(gradient).forEach((value, i) => {
        expect(value).toBeCloseTo(stored.get(`grad.${name}`)!.values[i]! * factor, 6);
      });
    }
    dispose(gradients);
  });
});
