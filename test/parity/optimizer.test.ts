/** One optimizer step after another against torch's AdamW and SGD; clipping against torch's. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dispose, type Tensor, tensor } from "../../src/tensor/index.js";
import { disposeGradients, gradientsOf } from "../../src/train/gradients.js";
import { loraPlusFactor } from "../../src/train/loraPlus.js";
import { createOptimizer } from "../../src/train/optimizer.js";
import { clipGradients } from "../../src/train/optimizerStep.js";
import { type FixtureTensor, fixture, fixtureRaw, fixtureTensors } from "./fixtures.js";
import { expectClose, roundings, worstDifference } from "./tolerance.js";

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

/**
 * A step adds a product to the parameter, and one to each part of the state. Some processors round
 * product and sum, others only the sum, so that one step makes a difference of one unit at most.
 */
const unitsAfter = (steps: number) => steps;

/**
 * A value of 8-bit state that lies half-way between two codes, but for a rounding, may get either:
 * of 4,608 values in three steps at most one is expected to. The step after it differs there.
 */
const UNDECIDED = 3;

const settingsOf = (name: string, settings: (typeof cases)[number]["settings"]) => ({
  kind: name as "adamw" | "adamw8bit" | "sgd",
  weight_decay: settings.weight_decay,
  adam_beta1: settings.betas?.[0] ?? 0.9,
  adam_beta2: settings.betas?.[1] ?? 0.999,
  adam_epsilon: settings.eps ?? 1e-8,
  momentum: settings.momentum ?? 0,
});

describe("optimizers equal torch's, and bitsandbytes' with 8-bit state", () => {
  it.each(cases)("$name", ({ name, settings, steps, parameters }) => {
    const stored = fixtureTensors(`optimizer/${name}.safetensors`);
    for (const key of Object.keys(parameters)) {
      // One at a time: torch's reference decays vectors too, and we leave them out.
      const parameter = make(stored.get(`${key}.initial`)!);
      const decayed = (parameters[key] as number[]).length > 1;
      if (!decayed) continue;
      const optimizer = createOptimizer(new Map([[key, parameter]]), settingsOf(name, settings));
      for (let step = 1; step <= steps; step++) {
        const gradient = make(stored.get(`${key}.grad.${step}`)!);
        optimizer.step(new Map([[key, gradient]]), settings.lr);
        gradient.dispose();
        const after = stored.get(`${key}.after.${step}`)!.values;
        const except = name === "adamw8bit" && step > 1 ? UNDECIDED : 0;
        const where = `${key} after step ${step}`;
        expectClose(values(parameter), after, unitsAfter(step), where, except);
      }
      for (const [part, state] of optimizer.state()) {
        const theirs = stored.get(part);
        if (theirs && state.dtype === "float32") {
          expectClose(values(state), theirs.values, unitsAfter(steps), part);
        }
      }
      optimizer.dispose();
      parameter.dispose();
    }
  });

  it("8-bit codes are those of bitsandbytes, but for values half-way between two", () => {
    const { settings, steps } = cases.find(({ name }) => name === "adamw8bit")!;
    const file = "optimizer/adamw8bit.safetensors";
    const stored = fixtureTensors(file);
    const codes = fixtureRaw(file);
    const parameter = make(stored.get("large.initial")!);
    const optimizer = createOptimizer(
      new Map([["large", parameter]]),
      settingsOf("adamw8bit", settings),
    );
    for (let step = 1; step <= steps; step++) {
      optimizer.step(new Map([["large", make(stored.get(`large.grad.${step}`)!)]]), settings.lr);
    }
    for (const part of ["large.state1", "large.state2"]) {
      const theirs = codes.get(part)!.bytes;
      const ours = optimizer.state().get(part)!.bytes();
      expect(ours.length).toBe(theirs.length);
      expect(worstDifference(ours, theirs)).toBeLessThanOrEqual(1);
      expect(ours.filter((code, i) => code !== theirs[i]).length).toBeLessThanOrEqual(UNDECIDED);
    }
    optimizer.dispose();
    parameter.dispose();
  });

  it("8-bit state is for large tensors, and not for embeddings", () => {
    const zerosOf = (count: number) => tensor(new Float32Array(count), [count / 64, 64]);
    const parameters = new Map([
      ["model.embed_tokens.weight", zerosOf(8192)],
      ["model.layers.0.mlp.down_proj.weight", zerosOf(4096)],
      ["model.layers.0.mlp.up_proj.weight", zerosOf(4032)],
    ]);
    const embeddings = ["model.embed_tokens.weight"];
    const settings = { ...settingsOf("adamw8bit", cases[0]!.settings), embeddings };
    const optimizer = createOptimizer(parameters, settings);
    const bytes = [...optimizer.state()].map(
      ([name, state]) => `${name.split(".").slice(-3).join(".")} ${state.dtype} ${state.numel}`,
    );
    expect(bytes).toEqual([
      "step float32 1",
      "embed_tokens.weight.exp_avg float32 8192",
      "embed_tokens.weight.exp_avg_sq float32 8192",
      "up_proj.weight.exp_avg float32 4032",
      "up_proj.weight.exp_avg_sq float32 4032",
      "down_proj.weight.state1 uint8 4096",
      "down_proj.weight.absmax1 float32 16",
      "down_proj.weight.state2 uint8 4096",
      "down_proj.weight.absmax2 float32 16",
    ]);
    optimizer.dispose();
    dispose(parameters);
  });

  it("a saved state goes on as if it had not stopped", () => {
    const { settings } = cases[0]!;
    const stored = fixtureTensors("optimizer/adamw8bit.safetensors");
    const start = () => {
      const parameter = make(stored.get("large.initial")!);
      const parameters = new Map([["large", parameter]]);
      return {
        parameter,
        optimizer: createOptimizer(parameters, settingsOf("adamw8bit", settings)),
      };
    };
    const gradients = (step: number) =>
      new Map([["large", make(stored.get(`large.grad.${step}`)!)]]);
    const [whole, first, second] = [start(), start(), start()];
    for (const step of [1, 2, 3]) whole.optimizer.step(gradients(step), 0.01);
    for (const step of [1, 2]) first.optimizer.step(gradients(step), 0.01);
    second.parameter.copy_(first.parameter);
    second.optimizer.restore(first.optimizer.state(), 2);
    second.optimizer.step(gradients(3), 0.01);
    expect(second.parameter.bytes()).toEqual(whole.parameter.bytes());
  });

  it("paged state on a CPU is refused with the reason", () => {
    const parameters = new Map([["w", tensor([1, 2, 3])]]);
    const settings = { ...settingsOf("adamw", cases[0]!.settings), paged: true };
    expect(() => createOptimizer(parameters, settings)).toThrow("has no cget_managed_ptr");
  });

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
    const given = new Map(
      [...stored]
        .filter(([name]) => name.startsWith("grad."))
        .map(([name, one]) => [name.slice("grad.".length), make(one)]),
    );
    const gradients = gradientsOf(given, "cpu");
    for (const [name, gradient] of given) gradients.views.get(name)!.copy_(gradient);
    const { norm, foundInf } = clipGradients(gradients, max_norm);
    // The root of sums of up to 192 squares in four rows or more, which halves relative errors.
    const units = roundings(192 / 4) / 2;
    expectClose([norm.item()], [total_norm], units, "norm");
    expect(foundInf.item()).toBe(0);
    const factor = Math.min(1, max_norm / (total_norm + 1e-6));
    for (const [name, gradient] of gradients.views) {
      const clipped = stored.get(`grad.${name}`)!.values.map((value) => value * factor);
      // And the factor's rounding, and that of the product.
      expectClose(values(gradient), clipped, units + 2, name);
    }
    dispose([given, norm, foundInf]);
    disposeGradients(gradients);
  });
});

describe("LoRA+ gives the steps of PEFT's optimizer", () => {
  const { settings, adam, steps } = JSON.parse(
    readFileSync(fixture("optimizer/loraplus.json"), "utf8"),
  ) as {
    settings: Record<"lr" | "loraplus_lr_ratio" | "loraplus_lr_embedding", number> & {
      loraplus_weight_decay: number;
    };
    adam: { betas: [number, number]; eps: number };
    steps: number;
  };
  const stored = fixtureTensors("optimizer/loraplus.safetensors");
  const names = [...stored.keys()].flatMap((key) => /^(.*)\.initial$/.exec(key)?.[1] ?? []);
  const { lr, loraplus_weight_decay, ...rates } = settings;

  it("for every kind of parameter of an adapter", () => {
    const parameters = new Map(names.map((name) => [name, make(stored.get(`${name}.initial`)!)]));
    const optimizer = createOptimizer(parameters, {
      ...settingsOf("adamw", { ...adam, lr, weight_decay: loraplus_weight_decay }),
      rateFactor: loraPlusFactor({ learning_rate: lr, ...rates }),
    });
    for (let step = 1; step <= steps; step++) {
      const gradient = (name: string) => make(stored.get(`${name}.grad.${step}`)!);
      const gradients = new Map(names.map((name) => [name, gradient(name)]));
      optimizer.step(gradients, lr);
      dispose(gradients);
      for (const name of names) {
        const after = stored.get(`${name}.after.${step}`)!.values;
        expectClose(
          values(parameters.get(name)!),
          after,
          unitsAfter(step),
          `${name}, step ${step}`,
        );
      }
    }
    optimizer.dispose();
    dispose(parameters);
  });

  it.each(["adamw", "adamw8bit", "sgd"] as const)(
    "%s takes the factor as a learning rate",
    (kind) => {
      const shape = [64, 72];
      const first = Float32Array.from({ length: 64 * 72 }, (_, i) => Math.sin(i));
      const stepWith = (rate: number, factor: number) => {
        const parameter = tensor(first, shape);
        const gradient = tensor(first.map(Math.cos), shape);
        const plain = settingsOf(kind, { ...adam, lr, weight_decay: 0.1 });
        const optimizer = createOptimizer(new Map([["x", parameter]]), {
          ...plain,
          rateFactor: () => factor,
        });
        optimizer.step(new Map([["x", gradient]]), rate);
        const after = values(parameter).slice();
        optimizer.dispose();
        dispose([parameter, gradient]);
        return after;
      };
      expect(stepWith(0.25, 0.5)).toEqual(stepWith(0.125, 1));
      expect(stepWith(0.25, 0.5)).not.toEqual(stepWith(0.25, 1));
    },
  );
});
