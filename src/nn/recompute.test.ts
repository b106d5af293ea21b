/** Residual branches forward and backward against plain autograd over the whole stack. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal, numbers } from "../../test/engine/values.js";
import {
  type DType,
  dispose,
  grad,
  liveTensors,
  noGrad,
  type Tensor,
  tidy,
  zeros,
} from "../tensor/index.js";
import {
  type Branch,
  backwardBranches,
  causalAttention,
  denseLinear,
  forwardBranches,
  keyedDropout,
  rmsNorm,
  ropeTable,
  swiglu,
  type TokenGroup,
} from "./index.js";

const dim = 8;
const layers = 3;
const random = seededRandom(7);
const sizes = [5, 1, 9];

const groups: TokenGroup[] = sizes.map((n, index) => ({
  index,
  rope: ropeTable(
    {
      rope_theta: 100,
      head_dim: dim,
      partial_rotary_factor: 1,
      max_position_embeddings: 64,
      rope_scaling: null,
    },
    Array.from({ length: n }, (_, i) => i),
    n,
    "float32",
  ),
  attend: (q, k, v) => causalAttention(q, k, v),
}));

/** A feed-forward branch with attention inside and dropout before its last layer. */
function makeBranch(number: number): Branch & { weights: Tensor[] } {
  const norm = normal(random, [dim]).requiresGrad_();
  const up = normal(random, [2 * dim, dim], 0.5).requiresGrad_();
  const down = normal(random, [dim, dim], 0.5).requiresGrad_();
  const layer = (weight: Tensor) =>
    denseLinear(weight, null, [{ name: "w", start: 0, outFeatures: weight.size(0) }]);
  return {
    name: `branch.${number}`,
    weights: [norm, up, down],
    parameters: () =>
      new Map([
        [`branch.${number}.norm`, norm],
        [`branch.${number}.up`, up],
        [`branch.${number}.down`, down],
      ]),
    prepare({ dtype, dropoutKey }) {
      const [upper, lower] = [up, down].map((weight) =>
        layer(weight).prepare({ dtype, dropoutKey }),
      );
      const inner = (x: Tensor, group: TokenGroup) => {
        const heads = swiglu(upper!(rmsNorm(x, norm, 1e-5), group)).view([x.size(0), 1, dim]);
        const mixed = group.attend(heads, heads, heads, number);
        return dropoutKey === null
          ? mixed
          : keyedDropoutWithGradient(mixed, dropoutKey + group.index);
      };
      return {
        apply: (x, group) => lower!(inner(x, group), group),
        connect: (x, group) => lower!.connect(inner(x, group), group),
      };
    },
  };
}

function keyedDropoutWithGradient(x: Tensor, key: number): Tensor {
  return x.mul(noGrad(() => keyedDropout(x.onesLike(), 0.3, key)));
}

const branches = Array.from({ length: layers }, (_, i) => makeBranch(i));
const inputs = sizes.map((n) => normal(random, [n, dim]));
const outputGradients = sizes.map((n) => normal(random, [n, dim]));
const names = branches.flatMap((branch) => [...branch.parameters().keys()]);
const parameters = branches.flatMap((branch) => branch.weights);

function passOptions(dropout: boolean, dtype: DType = "float32") {
  return { dtype, dropoutKey: (branch: number) => (dropout ? 1000 * branch : null) };
}

/** One graph over everything. */
function whole(dropout: boolean): { outputs: Tensor[]; byInput: Tensor[]; byParameter: Tensor[] } {
  const { dropoutKey } = passOptions(dropout);
  const leaves = inputs.map((x) => x.detach().requiresGrad_());
  const outputs = leaves.map((leaf, i) =>
    branches.reduce<Tensor>((x, branch, number) => {
      const prepared = branch.prepare({ dtype: "float32", dropoutKey: dropoutKey(number) });
      return x.add(prepared.apply(x, groups[i]!));
    }, leaf),
  );
  const gradients = grad(outputs, [...leaves, ...parameters], { gradOutputs: outputGradients });
  return {
    outputs,
    byInput: gradients.slice(0, sizes.length),
    byParameter: gradients.slice(sizes.length),
  };
}

function stepwise(dropout: boolean, recompute: boolean, dtype: DType = "float32") {
  const options = passOptions(dropout, dtype);
  const sums = new Map(names.map((name, i) => [name, zeros([...parameters[i]!.shape])]));
  const start = inputs.map((x) => x.clone());
  const { outputs, kept } = forwardBranches(branches, start, groups, {
    ...options,
    recompute,
    keepInputs: true,
  });
  const gradients = outputGradients.map((x) => x.clone());
  const byInput = backwardBranches(branches, kept, gradients, groups, sums, options);
  return { outputs, byInput, sums, kept };
}

describe.each([true, false])("with recompute: %s", (recompute) => {
  test.each([false, true])("equals one graph over the whole stack, dropout: %s", (dropout) => {
    tidy(() => {
      const expected = whole(dropout);
      const { outputs, byInput, sums } = stepwise(dropout, recompute);
      for (const i of sizes.keys()) {
        expect(difference(outputs[i]!, expected.outputs[i]!)).toBeLessThan(1e-5);
        expect(difference(byInput[i]!, expected.byInput[i]!)).toBeLessThan(2e-5);
      }
      for (const [i, name] of names.entries()) {
        expect(difference(sums.get(name)!, expected.byParameter[i]!), name).toBeLessThan(5e-5);
      }
    });
  });

  test("adds to the sums that are there", () => {
    tidy(() => {
      const options = passOptions(false);
      const { sums } = stepwise(false, recompute);
      const once = names.map((name) => numbers(sums.get(name)!));
      const { kept } = forwardBranches(
        branches,
        inputs.map((x) => x.clone()),
        groups,
        { ...options, recompute, keepInputs: true },
      );
      backwardBranches(
        branches,
        kept,
        outputGradients.map((x) => x.clone()),
        groups,
        sums,
        options,
      );
      for (const [i, name] of names.entries()) {
        const twice = numbers(sums.get(name)!);
        for (const [at, value] of twice.entries()) expect(value).toBeCloseTo(2 * once[i]![at]!, 4);
      }
    });
  });

  test("bfloat16 inside the branches, float32 between them", () => {
    tidy(() => {
      const expected = whole(false);
      const { outputs, byInput, sums } = stepwise(false, recompute, "bfloat16");
      // Relative to the exact vector: dozens of roundings of size 2^-8, which attention amplifies.
      const distance = (a: Tensor, b: Tensor) =>
        a.sub(b).linalgVectorNorm().item() / b.linalgVectorNorm().item();
      for (const i of sizes.keys()) {
        expect([outputs[i]!.dtype, byInput[i]!.dtype]).toEqual(["float32", "float32"]);
        expect(distance(outputs[i]!, expected.outputs[i]!)).toBeLessThan(0.1);
        expect(distance(byInput[i]!, expected.byInput[i]!)).toBeLessThan(0.1);
      }
      for (const [i, name] of names.entries()) {
        expect(distance(sums.get(name)!, expected.byParameter[i]!), name).toBeLessThan(0.1);
      }
    });
  });
});

test("with recomputation forward keeps the inputs of branches, backward frees them and its gradients", () => {
  const before = liveTensors();
  const sums = new Map(names.map((name, i) => [name, zeros([...parameters[i]!.shape])]));
  const start = inputs.map((x) => x.clone());
  const options = passOptions(true);
  const { outputs, kept } = forwardBranches(branches, start, groups, {
    ...options,
    recompute: true,
    keepInputs: true,
  });
  // Inputs of each branch and outputs of the last, for each group; nothing else.
  expect(liveTensors() - before).toBe(names.length + sizes.length * (layers + 1));
  const gradients = outputGradients.map((x) => x.clone());
  const byInput = backwardBranches(branches, kept, gradients, groups, sums, options);
  expect(gradients.every((x) => x.disposed)).toBe(true);
  expect(start.every((x) => !x.disposed)).toBe(true);
  dispose([outputs, byInput, sums, start]);
  expect(liveTensors()).toBe(before);
});

test("without a backward pass to come, inputs are disposed on the way", () => {
  const before = liveTensors();
  const start = inputs.map((x) => x.clone());
  const options = { ...passOptions(false), recompute: true, keepInputs: false };
  const { outputs } = forwardBranches(branches, start, groups, options);
  expect(start.every((x) => x.disposed)).toBe(true);
  expect(liveTensors() - before).toBe(sizes.length);
  dispose(outputs);
});

test("beforeBranch is called before each branch of both passes and may end them", () => {
  tidy(() => {
    let calls = 0;
    const options = { ...passOptions(false), beforeBranch: () => void calls++ };
    const start = () => inputs.map((x) => x.clone());
    const { kept } = forwardBranches(branches, start(), groups, {
      ...options,
      recompute: true,
      keepInputs: true,
    });
    expect(calls).toBe(layers);
    const sums = new Map(names.map((name, i) => [name, zeros([...parameters[i]!.shape])]));
    const gradients = outputGradients.map((x) => x.clone());
    backwardBranches(branches, kept, gradients, groups, sums, options);
    expect(calls).toBe(2 * layers);
    const stop = () => {
      if (calls++ > 2 * layers) throw new Error("stopped");
    };
    const stopped = { ...options, beforeBranch: stop, recompute: true, keepInputs: true };
    expect(() => forwardBranches(branches, start(), groups, stopped)).toThrow("stopped");
  });
});
