/**
 * A deep stack of residual branches, `x ← x + branch(x)`, forward and backward with little memory
 * (Chen et al., 2016, arXiv 1604.06174). Forward keeps only the input of each branch; backward
 * computes one branch again, for one group of sequences at a time, and asks autograd for that
 * branch's gradients, so that the peak grows neither with depth nor with the size of the batch.
 */
import { type DType, enableGrad, grad, noGrad, type Tensor, tidy } from "../tensor/index.js";
import type { LayerGroup, Preparation } from "./linear.js";
import type { RopeTable } from "./rope.js";
import { newTape, type Tape } from "./tape.js";

/** Consecutive sequences of a packed row that are computed together. */
export interface TokenGroup extends LayerGroup {
  /** Rotations of its tokens. */
  rope: RopeTable;
  /**
   * Attention of its tokens; `layer` tells caches apart, and `tape` takes or gives the output.
   *
   * @param q [n, nH, hd] @param k [n, nKv, hd] @param v [n, nKv, hd] @returns [n, nH * hd]
   */
  attend(q: Tensor, k: Tensor, v: Tensor, layer: number, tape?: Tape): Tensor;
}

/** A branch whose weights are cast or dequantised, ready for many groups. */
export interface PreparedBranch {
  /** @param x [n, dim] @returns [n, dim], what the branch adds to x */
  apply(x: Tensor, group: TokenGroup): Tensor;
  /** Like `apply` for gradients only; the values of the result are undefined. */
  connect(x: Tensor, group: TokenGroup): Tensor;
}

/** A residual branch of a layer: attention or feed-forward with the norm before it. */
export interface Branch {
  /** Name of its module, such as `model.layers.0.mlp`. */
  name: string;
  /** Tensors that training changes, by full name. */
  parameters(): Map<string, Tensor>;
  prepare(preparation: Preparation): PreparedBranch;
}

/** What the forward pass keeps for the backward pass. */
export interface KeptActivations {
  /** inputs[branch][group] [n, dim] */
  inputs: Tensor[][];
  /** tapes[branch][group]: outputs of expensive steps; empty where all is computed again. */
  tapes: Tape[][];
  /** Graphs that were kept instead of being computed again; empty with recomputation. */
  graphs: { parameters: Tensor[]; input: Tensor; output: Tensor }[][];
}

interface PassOptions {
  /** Data type of the computation inside a branch. */
  dtype: DType;
  /** The key for dropout in branch number `branch`, or null where dropout is off. */
  dropoutKey(branch: number): number | null;
  /** Called before each branch; may throw to leave a long pass early. */
  beforeBranch?: (() => void) | undefined;
}

/**
 * The forward pass.
 *
 * @param inputs the embedded tokens of each group, [n, dim] each
 * @param options.keepInputs false where no backward pass follows; the inputs are then disposed
 * @param options.useTape notes outputs of expensive steps, so that computing a branch again is cheap
 * @param options.recompute false keeps every activation instead: faster, and memory grows with depth
 * @returns the outputs of each group and what {@link backwardBranches} needs; the caller's to dispose
 */
export function forwardBranches(
  branches: readonly Branch[],
  inputs: readonly Tensor[],
  groups: readonly TokenGroup[],
  options: PassOptions & { recompute: boolean; keepInputs: boolean; useTape?: boolean },
): { outputs: Tensor[]; kept: KeptActivations } {
  const kept: KeptActivations = { inputs: [], tapes: [], graphs: [] };
  let current = [...inputs];
  branches.forEach((branch, number) => {
    options.beforeBranch?.();
    const preparation = { dtype: options.dtype, dropoutKey: options.dropoutKey(number) };
    if (options.recompute) {
      const before = current;
      if (options.keepInputs) kept.inputs.push(before);
      const tapes = options.useTape ? before.map((x) => newTape(x.dtype)) : [];
      kept.tapes.push(tapes);
      current = noGrad(() =>
        tidy(() => {
          const prepared = branch.prepare(preparation);
          return current.map((x, i) =>
            tidy(() => {
              const group = { ...groups[i]!, tape: tapes[i] };
              const added = prepared.apply(x.to({ dtype: options.dtype }), group);
              return added.add_(x).to({ dtype: x.dtype });
            }),
          );
        }),
      );
      if (!options.keepInputs) for (const x of before) x.dispose();
    } else {
      const parameters = [...branch.parameters().values()];
      const prepared = enableGrad(() => branch.prepare(preparation));
      const graphs = current.map((x, i) => {
        const input = x.to({ dtype: options.dtype }).detach().requiresGrad_();
        const output = enableGrad(() => prepared.apply(input, groups[i]!));
        return { parameters, input, output };
      });
      kept.graphs.push(graphs);
      current = graphs.map(({ output }, i) =>
        noGrad(() => output.detach().add(current[i]!).to({ dtype: current[i]!.dtype })),
      );
    }
  });
  return { outputs: current, kept };
}

/** Where {@link backwardBranches} adds the gradients of parameters, by full name, in float32. */
export type BranchGradients = Map<string, Tensor>;

/**
 * The backward pass.
 *
 * @param gradients gradients of the outputs of each group, [n, dim] float32; disposed
 * @param sums the gradients of the branches' parameters are added to these
 * @returns gradients of the embedded tokens of each group
 */
export function backwardBranches(
  branches: readonly Branch[],
  kept: KeptActivations,
  gradients: readonly Tensor[],
  groups: readonly TokenGroup[],
  sums: BranchGradients,
  options: PassOptions,
): Tensor[] {
  let current = [...gradients];
  for (let number = branches.length - 1; number >= 0; number--) {
    options.beforeBranch?.();
    const branch = branches[number]!;
    const parameters = branch.parameters();
    const tensors = [...parameters.values()];
    const targets = [...parameters.keys()].map((name) => sums.get(name)!);
    const preparation = { dtype: options.dtype, dropoutKey: options.dropoutKey(number) };
    const next = tidy(() => {
      const prepared = kept.graphs[number]
        ? undefined
        : enableGrad(() => branch.prepare(preparation));
      return current.map((gradient, i) =>
        tidy(() => {
          const graph = kept.graphs[number]?.[i];
          const tape = kept.tapes[number]?.[i];
          const group = { ...groups[i]!, tape: tape && { ...tape, next: 0 } };
          // A leaf of the computation's own type: its gradient is not rounded to the stored one.
          const input =
            graph?.input ??
            kept.inputs[number]![i]!.to({ dtype: options.dtype }).detach().requiresGrad_();
          const output = graph?.output ?? enableGrad(() => prepared!.connect(input, group));
          const [byInput, ...byParameter] = grad([output], [input, ...tensors], {
            gradOutputs: [gradient.to({ dtype: output.dtype })],
            retainGraph: true,
          });
          for (const entry of tape?.entries ?? []) entry.dispose();
          byParameter.forEach((tensor, p) => {
            targets[p]!.add_(tensor);
          });
          return byInput!.add(gradient);
        }),
      );
    });
    for (const gradient of current) gradient.dispose();
    for (const input of kept.inputs[number] ?? []) if (number > 0) input.dispose();
    current = next;
  }
  return current;
}
