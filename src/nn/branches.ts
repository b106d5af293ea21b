/**
 * A deep stack of residual branches, `x ← x + branch(x)`, forward and backward. Each branch has a
 * record for each group of tokens. Where memory allows, the dear values of a record are kept; else
 * only the branch's input is (Chen et al., 2016, arXiv 1604.06174).
 */
import { bytesPerElement, type DType, type Tensor, tidy } from "../tensor/index.js";
import { type AttentionOptions, causalAttention, type SequenceLengths } from "./attention.js";
import type { MaskRows } from "./dropout.js";
import type { Parameter, PreparedWeights } from "./parameter.js";
import {
  backward,
  constant,
  createRecord,
  dropValues,
  type KeepBudget,
  type OperationRecord,
  recordedInput,
  tensorOf,
  type Value,
} from "./record.js";
import type { RotaryTable } from "./rope.js";

/** What products of a group of tokens need to know. */
export interface ProductGroup {
  /** Number of the group; layers that draw random numbers draw different ones for each. */
  index: number;
  /** Data type of the computation inside a branch. */
  dtype: DType;
  weights: PreparedWeights;
  /**
   * In a training pass, a whole number that differs for each step, micro-batch and branch; null
   * otherwise, which turns dropout off.
   */
  dropoutKey: number | null;
  /** Where only a part of a group is computed at once: its rows among those that masks are drawn for. */
  maskRows?: MaskRows | undefined;
}

/** Consecutive whole sequences of a packed row, which are computed together. */
export interface TokenGroup extends ProductGroup {
  /** The rotations of its tokens; null for a model without. */
  rotations: RotaryTable | null;
  /** Those in layers that rotate by a base of their own (Gemma 3's layers with a window). */
  localRotations?: RotaryTable | null;
  /**
   * Attention of its tokens; `layer` tells caches apart.
   *
   * @param q [n, nH, hd] @param k [n, nKv, hd] @param v [n, nKv, vd] @returns [n, nH * vd]
   */
  attend(q: Value, k: Value, v: Value, layer: number, options?: AttentionOptions): Value;
}

/** {@link TokenGroup.attend} of a packed row: attention never crosses from one sequence to the next. */
export function attendWithin(sequences: SequenceLengths): TokenGroup["attend"] {
  return (q, k, v, _layer, options) => causalAttention(q, k, v, sequences, options);
}

/** A residual branch of a layer, such as attention or feed-forward with the norm before it. */
export interface Branch {
  parameters(): Parameter[];
  /** @param x [n, dim] @returns [n, dim], what the branch adds to x */
  forward(x: Value, group: TokenGroup): Value;
}

/** One branch's computation for one group. */
interface BranchRecord {
  record: OperationRecord;
  input: Value;
  output: Value;
  /** What was kept of it, and the bytes that this took from the budget. */
  notes: Tensor[];
  bytes: number;
}

/** What the forward pass leaves for the backward pass: records[branch][group]. */
export type StackRecords = BranchRecord[][];

/** How a pass goes through the stack. */
export interface PassOptions {
  /** The key for dropout in branch number `branch`, or null where dropout is off. */
  dropoutKey?: ((branch: number) => number | null) | undefined;
  /** Called before each branch; may throw to leave a long pass early. */
  beforeBranch?: (() => void) | undefined;
  /** Called in the backward pass after each branch, with the gradients of its inputs by group. */
  afterBackward?: ((branch: number, byInputs: readonly Tensor[]) => void) | undefined;
}

/**
 * The forward pass without gradients.
 *
 * @param inputs [n, dim] for each group, in the data type of the residual stream; disposed
 * @returns likewise
 */
export function forwardBranches(
  branches: readonly Branch[],
  inputs: readonly Tensor[],
  groups: readonly TokenGroup[],
  { beforeBranch }: PassOptions = {},
): Tensor[] {
  let current = [...inputs];
  for (const branch of branches) {
    beforeBranch?.();
    current = current.map((x, i) => {
      const group = groups[i]!;
      const next = tidy(() => {
        const inDType = x.dtype === group.dtype ? x : x.to({ dtype: group.dtype });
        const input = constant(inDType, !group.weights.isTraining);
        return added(tensorOf(branch.forward(input, group)), x);
      });
      x.dispose();
      return next;
    });
    groups[0]?.weights.close();
  }
  return current;
}

/** The type that takes fewer bytes: what is kept needs no more than either has. */
function narrower(one: DType, other: DType): DType {
  return bytesPerElement[one] < bytesPerElement[other] ? one : other;
}

/** The residual sum in the stream's data type; where it is the branch's too, its output gives its memory. */
function added(output: Tensor, x: Tensor): Tensor {
  return output.dtype === x.dtype ? output.add_(x) : x.add(output).to({ dtype: x.dtype });
}

/**
 * The forward pass with records. The records keep `inputs`.
 *
 * @param inputs [n, dim] for each group, in the data type of the residual stream
 * @param gradients where the gradients of parameters will be added, by name
 * @param budget bytes for kept values; spent here and given back by {@link backwardBranches}
 * @param options.inputsNeedGradients whether gradients of `inputs` are wanted
 * @returns the outputs of each group and the records; both the caller's to dispose
 */
export function recordBranches(
  branches: readonly Branch[],
  inputs: readonly Tensor[],
  groups: readonly TokenGroup[],
  gradients: ReadonlyMap<string, Tensor>,
  budget: KeepBudget,
  options: PassOptions & { inputsNeedGradients: boolean },
): { outputs: Tensor[]; records: StackRecords } {
  let current = [...inputs];
  let needsGradient = options.inputsNeedGradients;
  const records = branches.map((branch, number) => {
    options.beforeBranch?.();
    const dropoutKey = options.dropoutKey?.(number) ?? null;
    const entries = current.map((x, i) => {
      const group = { ...groups[i]!, dropoutKey };
      const record = createRecord(gradients);
      const input = recordedInput(record, x, group.dtype, needsGradient);
      return tidy(() => {
        const output = branch.forward(input, group);
        const tensor = tensorOf(output);
        const { notes, bytes } = dropValues(record, narrower(x.dtype, group.dtype), budget);
        const next = added(output.note ? tensor.clone() : tensor, x);
        return { next, entry: { record, input, output, notes, bytes } };
      });
    });
    current = entries.map(({ next }) => next);
    groups[0]?.weights.close();
    needsGradient ||= branch.parameters().some(({ name }) => gradients.has(name));
    return entries.map(({ entry }) => entry);
  });
  return { outputs: current, records };
}

/**
 * The backward pass. Gradients of parameters are added where the records say.
 *
 * @param gradients gradients of the outputs of each group, [n, dim] float32; written and returned
 * @returns gradients of the inputs of each group, undefined in value where they were not wanted
 */
export function backwardBranches(
  records: StackRecords,
  gradients: readonly Tensor[],
  groups: readonly TokenGroup[],
  budget: KeepBudget,
  { beforeBranch, afterBackward }: PassOptions = {},
): readonly Tensor[] {
  for (let branch = records.length - 1; branch >= 0; branch--) {
    const entries = records[branch]!;
    beforeBranch?.();
    entries.forEach(({ record, input, output, notes, bytes }, i) => {
      const gradient = gradients[i]!;
      tidy(() => {
        backward(record, output, gradient.to({ dtype: output.dtype }));
        if (input.gradient) gradient.add_(input.gradient);
      });
      for (const note of notes) note.dispose();
      input.note?.dispose();
      budget.bytes += bytes;
    });
    groups[0]?.weights.close();
    afterBackward?.(branch, gradients);
  }
  return gradients;
}
