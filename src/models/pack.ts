/**
 * Sequences as packed rows on the device. Tokens of a micro-batch go through the model in groups of
 * whole sequences, without padding; everything that the groups need takes one upload.
 */
import type { MaskRows } from "../nn/index.js";
import { type Device, type Tensor, upload } from "../tensor/index.js";
import { runningSum } from "../util/runningSum.js";

/** Token ids and labels of one sequence; -100 marks what is not learnt. */
export interface Sequence {
  inputIds: Int32Array;
  /** `labels[i]` belongs to `inputIds[i]`; it is predicted from the tokens before it. */
  labels: Int32Array;
  /** `weights[i]` is the factor on the loss of `labels[i]`; absent for 1. */
  weights?: Float32Array;
}

/**
 * Consecutive sequences of a micro-batch that are computed at once: a group, or a part of one. Shapes:
 * n tokens, m labelled positions, s sequences.
 */
export interface PackedSequences {
  /** Number of the group in its micro-batch. */
  group: number;
  /** Which of the group's tokens they are, and which of its labelled positions. */
  tokenRows: MaskRows;
  labelledRows: MaskRows;
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

/** Consecutive items together while the sum of their sizes is at most `limit`; at least one in each. */
export function consecutive<T>(
  items: readonly T[],
  limit: number,
  sizeOf: (item: T) => number,
): T[][] {
  const groups: T[][] = [];
  let sum = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (groups.length === 0 || sum + size > limit) {
      groups.push([]);
      sum = 0;
    }
    groups.at(-1)!.push(item);
    sum += size;
  }
  return groups;
}

/** Consecutive sequences together while they fit `groupTokens`; at least one in each group. */
export function groupSequences<T extends { inputIds: Int32Array }>(
  sequences: readonly T[],
  groupTokens: number,
): T[][] {
  return consecutive(sequences, groupTokens, ({ inputIds }) => inputIds.length);
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

type Layout = ReturnType<typeof layOut>;

/** The parts of a group, each with its place in it. */
function placeParts(layouts: readonly Layout[], group: number) {
  const tokensOf = ({ parts }: Layout) => parts[0]!.length;
  const labelledOf = ({ parts }: Layout) => parts[3]!.length;
  const tokens = runningSum(layouts.map(tokensOf));
  const labelled = runningSum(layouts.map(labelledOf));
  return layouts.map((layout, i) => ({
    ...layout,
    group,
    tokenRows: { first: tokens[i]!, all: tokens.at(-1)! },
    labelledRows: { first: labelled[i]!, all: labelled.at(-1)! },
  }));
}

/**
 * Groups of about `groupTokens` tokens on the device, from one upload. Call within `tidy`, which
 * frees them.
 *
 * @param partTokens groups of more tokens are taken apart, between sequences
 */
export function packSequences(
  sequences: readonly Sequence[],
  groupTokens: number,
  device: Device,
  partTokens = Number.POSITIVE_INFINITY,
): PackedSequences[] {
  let laidOut = 0;
  const layouts = groupSequences(sequences, groupTokens).flatMap((group, index) => {
    const parts = groupSequences(group, partTokens).map((part) => {
      laidOut += part.length;
      return layOut(part, laidOut - part.length);
    });
    return placeParts(parts, index);
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
  return layouts.map(({ lengths, isWeighted, parts, ...place }) => {
    const views = parts.map((part) => {
      const view = uploaded.narrow(0, at, part.length);
      at += part.length;
      return view;
    });
    const [ids, positions, cuSeqlens, rows, targets, sequenceOf, weights] = views;
    return {
      ...place,
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
