/**
 * Sequences as packed rows on the device. Tokens of a micro-batch go through the model in groups of
 * whole sequences, without padding; everything that the groups need takes one upload.
 */
import { type Device, type Tensor, upload } from "../tensor/index.js";

/** Token ids and labels of one sequence; -100 marks what is not learnt. */
export interface Sequence {
  inputIds: Int32Array;
  /** `labels[i]` belongs to `inputIds[i]`; it is predicted from the tokens before it. */
  labels: Int32Array;
  /** `weights[i]` is the factor on the loss of `labels[i]`; absent for 1. */
  weights?: Float32Array;
}

/** Consecutive sequences of a micro-batch. Shapes: n tokens, m labelled positions, s sequences. */
export interface PackedSequences {
  lengths: readonly number[];
  longest: number;
  /** [n] int32 */
  ids: Tensor;
  /** [n] int32, from 0 in each sequence */
  positions: Tensor;
  /** [s + 1] int32 */
  cuSeqlens: Tensor;
  /** [m] int32, tokens whose next token is labelled */
  rows: Tensor;
  /** [m] int64, that token */
  targets: Tensor;
  /** [m] float32, or null for 1 */
  weights: Tensor | null;
  /** [m] int32, the number of the token's sequence, counted over all groups */
  sequenceOf: Tensor;
}

/** Consecutive sequences together while they fit `groupTokens`; at least one in each group. */
export function groupSequences<T extends { inputIds: Int32Array }>(
  sequences: readonly T[],
  groupTokens: number,
): T[][] {
  const groups: T[][] = [];
  let tokens = 0;
  for (const sequence of sequences) {
    const count = sequence.inputIds.length;
    if (groups.length === 0 || tokens + count > groupTokens) {
      groups.push([]);
      tokens = 0;
    }
    groups.at(-1)!.push(sequence);
    tokens += count;
  }
  return groups;
}

/** One group before its upload, as typed arrays. @param first number of its first sequence */
function layOut(group: readonly Sequence[], first: number) {
  const lengths = group.map(({ inputIds }) => inputIds.length);
  const n = lengths.reduce((sum, length) => sum + length, 0);
  const ids = new Int32Array(n);
  const positions = new Int32Array(n);
  const cuSeqlens = new Int32Array(lengths.length + 1);
  const rows: number[] = [];
  const targets: number[] = [];
  const weights: number[] = [];
  const owners: number[] = [];
  let start = 0;
  group.forEach((sequence, s) => {
    const { inputIds, labels } = sequence;
    ids.set(inputIds, start);
    for (let i = 0; i < inputIds.length; i++) positions[start + i] = i;
    for (let i = 1; i < labels.length; i++) {
      if (labels[i] === -100) continue;
      rows.push(start + i - 1);
      targets.push(labels[i]!);
      weights.push(sequence.weights?.[i] ?? 1);
      owners.push(first + s);
    }
    start += inputIds.length;
    cuSeqlens[s + 1] = start;
  });
  const isWeighted = group.some((sequence) => sequence.weights);
  const labelled = [rows, targets, owners].map((numbers) => Int32Array.from(numbers));
  const parts = [ids, positions, cuSeqlens, ...labelled];
  if (isWeighted) parts.push(new Int32Array(Float32Array.from(weights).buffer));
  return { lengths, isWeighted, parts };
}

/**
 * Groups of about `groupTokens` tokens on the device, from one upload. Call within `tidy`, which
 * frees them.
 */
export function packSequences(
  sequences: readonly Sequence[],
  groupTokens: number,
  device: Device,
): PackedSequences[] {
  let laidOut = 0;
  const layouts = groupSequences(sequences, groupTokens).map((group) => {
    laidOut += group.length;
    return layOut(group, laidOut - group.length);
  });
  const total = layouts.flatMap(({ parts }) => parts).reduce((sum, part) => sum + part.length, 0);
  const flat = new Int32Array(total);
  let filled = 0;
  for (const part of layouts.flatMap(({ parts }) => parts)) {
    flat.set(part, filled);
    filled += part.length;
  }
  const uploaded = upload(flat, device);
  let at = 0;
  return layouts.map(({ lengths, isWeighted, parts }) => {
    const views = parts.map((part) => {
      const view = uploaded.narrow(0, at, part.length);
      at += part.length;
      return view;
    });
    const [ids, positions, cuSeqlens, rows, targets, sequenceOf, weights] = views;
    return {
      lengths,
      longest: Math.max(...lengths),
      ids: ids!,
      positions: positions!,
      cuSeqlens: cuSeqlens!,
      rows: rows!,
      targets: targets!.to({ dtype: "int64" }),
      weights: isWeighted ? weights!.viewDtype("float32") : null,
      sequenceOf: sequenceOf!,
    };
  });
}
