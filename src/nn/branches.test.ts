/** A stack of residual branches, forward and backward, against one graph of libtorch over all of it. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal } from "../../test/engine/values.js";
import {
  cat,
  type DType,
  dispose,
  full,
  grad,
  linear,
  liveTensors,
  silu,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "../tensor/index.js";
import {
  addGradient,
  attendWithin,
  type Branch,
  backwardBranches,
  denseLinear,
  forwardBranches,
  type KeepBudget,
  keyedDropout,
  operate,
  type Parameter,
  type PassOptions,
  parameter,
  prepareWeights,
  type RotaryTable,
  recordBranches,
  rmsNorm,
  rotary,
  rotaryTable,
  splitHeads,
  swiglu,
  type TokenGroup,
  tensorOf,
  type Value,
} from "./index.js";

const random = seededRandom(7);
const dim = 8;
const [heads, keyHeads, headDim] = [4, 2, 4];
const epsilon = 1e-5;
const p = 0.3;

/** Sequences of each group. */
const packed = [[5, 3], [1], [4, 6, 2]];
const sizes = packed.map((lengths) => lengths.reduce((sum, length) => sum + length, 0));

function rotations(lengths: readonly number[]): RotaryTable {
  const parameters = {
    rope_theta: 100,
    head_dim: headDim,
    partial_rotary_factor: 1,
    max_position_embeddings: 64,
    rope_scaling: null,
  };
  const { cos, sin } = rotaryTable(parameters, 8, 8, "float32", "cpu");
  const rows = (x: Tensor) =>
    cat(
      lengths.map((length) => x.narrow(0, 0, length)),
      0,
    );
  return { cos: rows(cos), sin: rows(sin) };
}

const tables = packed.map((lengths) => tidy(() => rotations(lengths)));

function starts(lengths: readonly number[]): number[] {
  return lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0));
}

function groupsOf(dtype: DType): TokenGroup[] {
  const weights = prepareWeights(0, true);
  return packed.map((lengths, index) => ({
    index,
    dtype,
    weights,
    dropoutKey: null,
    rotations: tables[index]!,
    attend: attendWithin({
      lengths,
      longest: Math.max(...lengths),
      cuSeqlens: tensor(Int32Array.from([...starts(lengths), sizes[index]!])),
    }),
  }));
}

/** Dropout as an operation; adapters have the like inside. */
function dropped(x: Value, key: number): Value {
  return operate({
    inputs: [x],
    cost: "cheap",
    compute: () => [keyedDropout(tensorOf(x), p, key)],
    backward([gradient]) {
      addGradient(x, keyedDropout(gradient!, p, key));
    },
  })[0]!;
}

/** A branch, and the same for libtorch. */
interface TestBranch extends Branch {
  written(x: Tensor, group: number, dropoutKey: number | null, leaf: Leaf): Tensor;
}

type Leaf = (parameter: Parameter) => Tensor;

const writtenNorm = (x: Tensor, weight: Tensor) =>
  x.mul(x.pow(2).mean([-1], true).add(epsilon).rsqrt()).mul(weight);

function writtenRotary(x: Tensor, { cos, sin }: RotaryTable): Tensor {
  const [first, second] = [x.narrow(-1, 0, headDim / 2), x.narrow(-1, headDim / 2, headDim / 2)];
  return cat([first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin))], -1);
}

function writtenAttention(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const n = q.size(0);
  const perHead = (x: Tensor) => x.repeatInterleave(heads / x.size(1), 1).transpose(0, 1);
  const scores = perHead(q).matmul(perHead(k).transpose(1, 2)).div(Math.sqrt(headDim));
  const mask = full([n, n], Number.NEGATIVE_INFINITY).triu(1);
  return scores.add(mask).softmax(-1).matmul(perHead(v)).transpose(0, 1).reshape([n, -1]);
}

function attentionBranch(name: string): TestBranch {
  const width = heads * headDim;
  const all = (heads + 2 * keyHeads) * headDim;
  const norm = parameter(`${name}.norm`, normal(random, [dim]));
  const qkv = parameter(`${name}.qkv`, normal(random, [all, dim], 0.4));
  const bias = parameter(`${name}.bias`, normal(random, [all], 0.4));
  const out = parameter(`${name}.out`, normal(random, [dim, width], 0.4));
  const projection = denseLinear(qkv, bias, [{ name: "qkv", start: 0, outFeatures: all }]);
  const output = denseLinear(out, null, [{ name: "out", start: 0, outFeatures: dim }]);
  return {
    parameters: () => [norm, ...projection.parameters(), ...output.parameters()],
    forward(x, group) {
      const mixed = projection.apply(rmsNorm(x, norm, epsilon), group);
      const [q, k, v] = splitHeads(mixed, [heads, keyHeads, keyHeads], headDim);
      const [turnedQ, turnedK] = [q, k].map((part) => rotary(part!, group.rotations!));
      const attended = group.attend(turnedQ!, turnedK!, v!, 0);
      const { dropoutKey, index } = group;
      return output.apply(
        dropoutKey === null ? attended : dropped(attended, dropoutKey + index),
        group,
      );
    },
    written(x, group, dropoutKey, leaf) {
      const mixed = linear(writtenNorm(x, leaf(norm)), leaf(qkv), leaf(bias)).view([
        -1,
        all / headDim,
        headDim,
      ]);
      const q = writtenRotary(mixed.narrow(1, 0, heads), tables[group]!);
      const k = writtenRotary(mixed.narrow(1, heads, keyHeads), tables[group]!);
      const v = mixed.narrow(1, heads + keyHeads, keyHeads);
      const lengths = packed[group]!;
      const parts = starts(lengths).map((start, i) => {
        const [a, b, c] = [q, k, v].map((part) => part.narrow(0, start, lengths[i]!));
        return writtenAttention(a!, b!, c!);
      });
      const attended = cat(parts, 0);
      if (dropoutKey === null) return linear(attended, leaf(out), null);
      const mask = keyedDropout(zeros([...attended.shape]).add(1), p, dropoutKey + group);
      return linear(attended.mul(mask), leaf(out), null);
    },
  };
}

function gatedBranch(name: string): TestBranch {
  const width = 12;
  const norm = parameter(`${name}.norm`, normal(random, [dim]));
  const up = parameter(`${name}.gateUp`, normal(random, [2 * width, dim], 0.5));
  const down = parameter(`${name}.down`, normal(random, [dim, width], 0.5));
  const upper = denseLinear(up, null, [{ name: "up", start: 0, outFeatures: 2 * width }]);
  const lower = denseLinear(down, null, [{ name: "down", start: 0, outFeatures: dim }]);
  return {
    parameters: () => [norm, up, down],
    forward: (x, group) =>
      lower.apply(swiglu(upper.apply(rmsNorm(x, norm, epsilon), group)), group),
    written(x, _group, _key, leaf) {
      const both = linear(writtenNorm(x, leaf(norm)), leaf(up), null);
      const activated = silu(both.narrow(1, 0, width)).mul(both.narrow(1, width, width));
      return linear(activated, leaf(down), null);
    },
  };
}

const branches = [0, 1].flatMap((i) => [
  attentionBranch(`${i}.attention`),
  gatedBranch(`${i}.mlp`),
]);
const inputs = sizes.map((n) => normal(random, [n, dim]));
const outputGradients = sizes.map((n) => normal(random, [n, dim]));
const parameters = branches.flatMap((branch) => branch.parameters());

const sumsOf = (trained: readonly Parameter[]) =>
  new Map(trained.map(({ name, tensor }) => [name, zeros([...tensor.shape])]));

const keyOf = (dropout: boolean) => (branch: number) => (dropout ? 1000 * (branch + 1) : null);

/** One graph over everything. */
function whole(dropout: boolean) {
  const leaves = inputs.map((x) => x.clone().requiresGrad_());
  const weights = new Map(parameters.map((one) => [one, one.tensor.clone().requiresGrad_()]));
  const outputs = leaves.map((leaf, group) =>
    branches.reduce<Tensor>(
      (x, branch, i) =>
        x.add(branch.written(x, group, keyOf(dropout)(i), (one) => weights.get(one)!)),
      leaf,
    ),
  );
  const all = [...leaves, ...weights.values()];
  const gradients = grad(outputs, all, { gradOutputs: outputGradients });
  return {
    outputs: outputs.map((output) => output.detach()),
    byInput: gradients.slice(0, sizes.length),
    byParameter: new Map(
      parameters.map(({ name }, i) => [name, gradients[sizes.length + i]!] as const),
    ),
  };
}

interface PassSettings {
  dropout?: boolean;
  dtype?: DType;
  streamType?: DType;
  budget?: number;
  trained?: readonly Parameter[];
  inputsNeedGradients?: boolean;
  sums?: Map<string, Tensor>;
  stack?: readonly Branch[];
  beforeBranch?: PassOptions["beforeBranch"];
}

/** Forward and backward with records. */
function pass({
  dropout = false,
  dtype = "float32",
  streamType = "float32",
  budget = Number.POSITIVE_INFINITY,
  trained = parameters,
  inputsNeedGradients = true,
  sums = sumsOf(trained),
  stack = branches,
  beforeBranch,
}: PassSettings = {}) {
  const groups = groupsOf(dtype);
  const keepBudget: KeepBudget = { bytes: budget };
  const start = inputs.map((x) => x.clone().to({ dtype: streamType }));
  const options = { dropoutKey: keyOf(dropout), beforeBranch, inputsNeedGradients };
  const { outputs, records } = recordBranches(stack, start, groups, sums, keepBudget, options);
  const spent = budget - keepBudget.bytes;
  const gradients = outputGradients.map((x) => x.clone());
  const byInput = backwardBranches(records, gradients, groups, keepBudget, options);
  return { outputs, byInput, sums, start, spent, left: keepBudget.bytes };
}

const bitEqual = (a: readonly Tensor[], b: readonly Tensor[]) =>
  a.every((x, i) => difference(x, b[i]!) === 0);

/** Length of the difference by the length of what was expected. */
const distance = (a: Tensor, b: Tensor) =>
  a.sub(b).linalgVectorNorm().item() / b.linalgVectorNorm().item();

/** What all records of a pass keep, in bytes, where they may. */
const wholeBudget = 1e6;
const allBytes = tidy(() => pass({ budget: wholeBudget }).spent);

describe.each([0, Math.floor(allBytes / 2), Number.POSITIVE_INFINITY])(
  "a budget of %d",
  (budget) => {
    test.each([false, true])("equals one graph over the whole stack, dropout: %s", (dropout) => {
      tidy(() => {
        const expected = whole(dropout);
        const { outputs, byInput, sums, left } = pass({ dropout, budget });
        for (const i of sizes.keys()) {
          expect(distance(outputs[i]!, expected.outputs[i]!)).toBeLessThan(2e-6);
          expect(distance(byInput[i]!, expected.byInput[i]!)).toBeLessThan(5e-6);
        }
        for (const [name, sum] of sums) {
          expect(distance(sum, expected.byParameter.get(name)!), name).toBeLessThan(5e-6);
        }
        expect(left).toBe(budget);
      });
    });

    test("adds to the sums that are there", () => {
      tidy(() => {
        const once = pass({ budget }).sums;
        const twice = pass({ budget, sums: pass({ budget }).sums }).sums;
        for (const [name, sum] of twice) {
          expect(distance(sum, once.get(name)!.mul(2)), name).toBeLessThan(1e-6);
        }
      });
    });

    test.each(["float32", "bfloat16"] as const)(
      "bfloat16 inside the branches, %s between them",
      (streamType) => {
        tidy(() => {
          const expected = whole(false);
          const { outputs, byInput, sums } = pass({ dtype: "bfloat16", streamType, budget });
          // Dozens of roundings of relative size up to 2^-8, which softmax amplifies.
          const bound = 0.05;
          for (const i of sizes.keys()) {
            expect([outputs[i]!.dtype, byInput[i]!.dtype]).toEqual([streamType, "float32"]);
            expect(distance(outputs[i]!, expected.outputs[i]!)).toBeLessThan(bound);
            expect(distance(byInput[i]!, expected.byInput[i]!)).toBeLessThan(bound);
          }
          for (const [name, sum] of sums) {
            expect(sum.dtype).toBe("float32");
            expect(distance(sum, expected.byParameter.get(name)!), name).toBeLessThan(bound);
          }
        });
      },
    );
  },
);

test.each([
  ["float32", "float32", false],
  ["float32", "float32", true],
  ["bfloat16", "bfloat16", true],
  ["bfloat16", "float32", true],
] as const)(
  "%s inside, %s between, dropout %s: any budget gives the same to the bit",
  (dtype, streamType, dropout) => {
    tidy(() => {
      const budgets = [wholeBudget, Math.floor(allBytes / 2), Math.floor(allBytes / 5), 0];
      const [all, ...others] = budgets.map((budget) =>
        pass({ dtype, streamType, dropout, budget }),
      );
      expect(all!.spent).toBeGreaterThan(0);
      for (const [i, other] of others.entries()) {
        expect(bitEqual(other.outputs, all!.outputs)).toBe(true);
        expect(bitEqual(other.byInput, all!.byInput)).toBe(true);
        expect(bitEqual([...other.sums.values()], [...all!.sums.values()])).toBe(true);
        const budget = budgets[i + 1]!;
        expect(other.spent).toBeLessThanOrEqual(budget);
        // Half of what all want is used, but not for everything.
        if (i === 0 && dtype === "float32") expect(other.spent).toBeGreaterThan(budget / 2);
        expect(other.left).toBe(budget);
      }
    });
  },
);

test("float32 inside, bfloat16 between: the sum is rounded once, and kept values with it", () => {
  tidy(() => {
    const expected = whole(false);
    const { outputs, byInput } = pass({ dtype: "float32", streamType: "bfloat16" });
    for (const i of sizes.keys()) {
      expect(outputs[i]!.dtype).toBe("bfloat16");
      expect(distance(outputs[i]!, expected.outputs[i]!)).toBeLessThan(0.03);
      expect(distance(byInput[i]!, expected.byInput[i]!)).toBeLessThan(0.05);
    }
  });
});

test("a pass with another dropout key, or for another group, drops other elements", () => {
  tidy(() => {
    const options = (key: number) => ({ dropoutKey: () => key, inputsNeedGradients: false });
    const [first, again, other] = [1000, 1000, 2000].map(
      (key) =>
        recordBranches(
          branches,
          inputs,
          groupsOf("float32"),
          sumsOf([]),
          { bytes: 0 },
          options(key),
        ).outputs,
    );
    expect(bitEqual(first!, again!)).toBe(true);
    expect(bitEqual(first!, other!)).toBe(false);
    const same = [inputs[0]!, inputs[0]!];
    const [group] = groupsOf("float32");
    const groups = [group!, { ...group!, index: 1 }];
    const { outputs } = recordBranches(
      ...([branches, same, groups, sumsOf([]), { bytes: 0 }, options(1000)] as const),
    );
    expect(bitEqual([outputs[0]!], [outputs[1]!])).toBe(false);
  });
});

describe("the stream", () => {
  const zero = (x: Value) =>
    operate({
      inputs: [x],
      cost: "dear",
      compute: () => [tensorOf(x).mul(0)],
      backward([gradient]) {
        addGradient(x, gradient!.mul(0));
      },
    })[0]!;
  const stack: Branch[] = [{ parameters: () => [], forward: zero }];

  test.each([
    ["float32", "bfloat16"],
    ["bfloat16", "float32"],
    ["bfloat16", "bfloat16"],
  ] as const)("in %s is left as it is by %s branches that add zero", (streamType, dtype) => {
    tidy(() => {
      const start = inputs.map((x) => x.to({ dtype: streamType }));
      const groups = groupsOf(dtype);
      const { outputs, byInput } = pass({ stack, streamType, dtype });
      expect(bitEqual(outputs, start)).toBe(true);
      expect(bitEqual(byInput, outputGradients)).toBe(true);
      const copies = start.map((x) => x.clone());
      expect(bitEqual(forwardBranches(stack, copies, groups), start)).toBe(true);
    });
  });

  test("a branch whose output is kept adds it unchanged", () => {
    tidy(() => {
      const exponential: Branch = {
        parameters: () => [],
        forward: (x) =>
          operate({
            inputs: [x],
            cost: "dear",
            compute: () => [tensorOf(x).exp()],
            readsResults: [0],
            backward([gradient], [result]) {
              addGradient(x, gradient!.mul(tensorOf(result!)));
            },
          })[0]!,
      };
      const { outputs, byInput, spent } = pass({ stack: [exponential], budget: wholeBudget });
      expect(spent).toBe(4 * dim * sizes.reduce((sum, n) => sum + n, 0));
      for (const [i, x] of inputs.entries()) {
        expect(difference(outputs[i]!, x.exp().add(x))).toBe(0);
        const expected = outputGradients[i]!.mul(x.exp().add(1));
        expect(distance(byInput[i]!, expected)).toBeLessThan(1e-6);
      }
    });
  });
});

describe("what is trained", () => {
  test("gets the same gradient alone as with all others, and what is frozen none", () => {
    tidy(() => {
      const all = pass({ budget: 0 }).sums;
      for (const budget of [0, Number.POSITIVE_INFINITY]) {
        for (const one of parameters) {
          const { sums } = pass({ trained: [one], inputsNeedGradients: false, budget });
          expect([...sums.keys()]).toEqual([one.name]);
          expect(difference(sums.get(one.name)!, all.get(one.name)!), one.name).toBe(0);
        }
      }
    });
  });

  test("where inputs need no gradient, theirs are those of what lies above the lowest branch that is trained", () => {
    tidy(() => {
      const trained = branches[2]!.parameters();
      const { sums, byInput } = pass({ trained, inputsNeedGradients: false });
      const full = pass({ trained, inputsNeedGradients: true });
      expect(bitEqual([...sums.values()], [...full.sums.values()])).toBe(true);
      expect(bitEqual(byInput, full.byInput)).toBe(false);
    });
  });

  test("branches below all that is trained are not played, whatever they end in, and keep nothing", () => {
    tidy(() => {
      let played = 0;
      const below: Branch = {
        parameters: () => [],
        forward: (x) =>
          operate({
            inputs: [x],
            cost: "dear",
            compute: () => [tensorOf(x).exp()],
            reads: [x],
            readsResults: [0],
            backward([gradient]) {
              played++;
              addGradient(x, gradient!.mul(tensorOf(x).exp()));
            },
          })[0]!,
      };
      const stack = [below, below, branches[1]!];
      const [trained] = branches[1]!.parameters();
      const settings = { stack, trained: [trained!], budget: wholeBudget };
      const wanted = pass({ ...settings, inputsNeedGradients: true });
      expect(played).toBe(2 * sizes.length);
      played = 0;
      const { sums, spent } = pass({ ...settings, inputsNeedGradients: false });
      expect(played).toBe(0);
      expect(difference(sums.get(trained!.name)!, wanted.sums.get(trained!.name)!)).toBe(0);
      expect(spent).toBeLessThan(wanted.spent);
    });
  });
});

describe("memory", () => {
  const startOf = () => inputs.map((x) => x.clone());

  test("without a budget the inputs of branches live between forward and backward, which frees them", () => {
    const groups = groupsOf("float32");
    const options = { dropoutKey: keyOf(true), inputsNeedGradients: true };
    const before = liveTensors();
    const sums = sumsOf(parameters);
    const start = startOf();
    const budget = { bytes: 0 };
    const { outputs, records } = recordBranches(branches, start, groups, sums, budget, options);
    // Inputs of each branch and outputs of the last, for each group; nothing else.
    expect(liveTensors() - before).toBe(parameters.length + sizes.length * (branches.length + 1));
    const gradients = outputGradients.map((x) => x.clone());
    const byInput = backwardBranches(records, gradients, groups, budget, options);
    expect(start.every((x) => x.disposed)).toBe(true);
    expect(byInput).toBe(gradients);
    dispose([outputs, byInput, sums]);
    expect(liveTensors()).toBe(before);
  });

  test("with a budget what is read lives too, and nothing that nobody reads", () => {
    const groups = groupsOf("float32");
    const options = { inputsNeedGradients: true };
    const before = liveTensors();
    const sums = sumsOf(parameters);
    const budget = { bytes: wholeBudget };
    const { outputs, records } = recordBranches(
      ...([branches, startOf(), groups, sums, budget, options] as const),
    );
    // Attention: q, k and v, its output and a log-sum-exp for each sequence; of the gated unit the
    // gate and up values. Norms, activations and sums are computed again.
    const sequences = packed.flat().length;
    const kept = 2 * (4 * sizes.length + sequences + sizes.length);
    expect(liveTensors() - before).toBe(
      parameters.length + sizes.length * (branches.length + 1) + kept,
    );
    const byInput = backwardBranches(
      records,
      outputGradients.map((x) => x.clone()),
      groups,
      budget,
    );
    expect(budget.bytes).toBe(wholeBudget);
    dispose([outputs, byInput, sums]);
    expect(liveTensors()).toBe(before);
  });

  test("without gradients inputs are disposed on the way, and the outputs are the same to the bit", () => {
    const groups = groupsOf("float32");
    const before = liveTensors();
    const start = startOf();
    const outputs = forwardBranches(branches, start, groups);
    expect(start.every((x) => x.disposed)).toBe(true);
    expect(liveTensors() - before).toBe(sizes.length);
    tidy(() => expect(bitEqual(outputs, pass().outputs)).toBe(true));
    dispose(outputs);
  });

  test("weights that were cast for a branch are freed after it, in both passes", () => {
    const groups = groupsOf("bfloat16");
    const before = liveTensors();
    const sums = sumsOf(parameters);
    const budget = { bytes: 0 };
    const options = { inputsNeedGradients: true };
    const { outputs, records } = recordBranches(
      ...([branches, startOf(), groups, sums, budget, options] as const),
    );
    expect(liveTensors() - before).toBe(parameters.length + sizes.length * (branches.length + 1));
    const gradients = outputGradients.map((x) => x.clone());
    const byInput = backwardBranches(records, gradients, groups, budget);
    dispose([outputs, byInput, sums]);
    expect(liveTensors()).toBe(before);
  });
});

test("beforeBranch is called before each branch of both passes and may end them", () => {
  let calls = 0;
  tidy(() => {
    pass({ beforeBranch: () => void calls++ });
    expect(calls).toBe(2 * branches.length);
    forwardBranches(
      branches,
      inputs.map((x) => x.clone()),
      groupsOf("float32"),
      { beforeBranch: () => void calls++ },
    );
    expect(calls).toBe(3 * branches.length);
  });
  for (const last of [2, branches.length + 2]) {
    calls = 0;
    const before = liveTensors();
    const stop = () => {
      if (++calls > last) throw new Error("stopped");
    };
    expect(() => tidy(() => void pass({ beforeBranch: stop }))).toThrow("stopped");
    expect(calls).toBe(last + 1);
    expect(liveTensors()).toBe(before);
  }
});
