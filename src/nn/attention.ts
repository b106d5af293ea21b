/**
 * Causal attention of packed sequences with grouped queries. Nothing of the size [n, n] is kept:
 * flash kernels (Dao et al., 2022, arXiv 2205.14135) skip the blocks above the diagonal and make the
 * probabilities again in the backward pass. One call serves a packed row: a kernel for sequences of
 * different lengths on CUDA, the CPU's kernel sequence by sequence.
 *
 * Shapes: n tokens, nH query heads, nKv key/value heads, g = nH / nKv, hd head dimension, vd that of values
 * where it is another.
 */
import {
  _flashAttentionBackward,
  _flashAttentionForward,
  _scaledDotProductFlashAttentionForCpu,
  _scaledDotProductFlashAttentionForCpuBackward,
  empty,
  type Tensor,
  vjp,
} from "../tensor/index.js";
import { attentionBias } from "./attentionBias.js";
import { cutHeads, paddedHeads, padHeads } from "./heads.js";
import { addGradient, operate, tensorOf, type Value } from "./record.js";

/** How a model's attention differs from the plain one. */
export interface AttentionOptions {
  /** Factor on the scores; default `1 / sqrt(hd)`. */
  scale?: number | undefined;
  /** Tokens that a token looks back at, itself included; default all. */
  window?: number | undefined;
  /** Scores become `cap * tanh(score / cap)` (Gemma 2). */
  softCap?: number | undefined;
  /**
   * Slopes of linear biases, one a query head: `slope * (j - i)` is added to the score of key j for
   * query i (Press et al., 2021, arXiv 2108.12409).
   */
  alibiSlopes?: readonly number[] | undefined;
}

/** The sequences of a packed row. */
export interface SequenceLengths {
  lengths: readonly number[];
  longest: number;
  /** Where each begins, and the end, [sequences + 1] int32 on the device. */
  cuSeqlens: Tensor;
}

/**
 * Attention of each sequence to itself.
 *
 * @param q [n, nH, hd]
 * @param k [n, nKv, hd]
 * @param v [n, nKv, vd]; where vd is less than hd, zeros stand behind them for the kernels
 * @returns [n, nH * vd]
 */
export function causalAttention(
  q: Value,
  k: Value,
  v: Value,
  sequences: SequenceLengths,
  options: AttentionOptions = {},
): Value {
  const [, heads = 0, headDim = 0] = tensorOf(q).shape;
  const width = tensorOf(v).size(-1);
  if (width === headDim) return evenAttention(q, k, v, sequences, options);
  const padded = paddedHeads(v, headDim);
  return cutHeads(evenAttention(q, k, padded, sequences, options), heads, width);
}

/** {@link causalAttention} where keys and values are of one width. */
function evenAttention(
  q: Value,
  k: Value,
  v: Value,
  sequences: SequenceLengths,
  options: AttentionOptions,
): Value {
  const { device, dtype } = tensorOf(q);
  if (options.softCap !== undefined) return plainAttention(q, k, v, sequences, options);
  if (device === "cpu") return hostAttention(q, k, v, sequences, options);
  const varlen = dtype !== "float32" && options.alibiSlopes === undefined;
  return (varlen ? varlenAttention : plainAttention)(q, k, v, sequences, options);
}

/** First token and number of tokens of each sequence. */
function spans(lengths: readonly number[]): { start: number; length: number }[] {
  let start = 0;
  return lengths.map((length) => {
    const span = { start, length };
    start += length;
    return span;
  });
}

/** [n, nH, hd] as [nKv, g, n, hd]: key heads take the place of a batch, so that the queries of a
 * group read the same keys without a copy. */
export function groupedQueries(x: Tensor, keyHeads: number, headDim: number): Tensor {
  return x.view([x.size(0), keyHeads, -1, headDim]).permute([1, 2, 0, 3]);
}

/** [n, nKv, hd] as [nKv, g, n, hd]. */
export function sharedKeys(x: Tensor, group: number): Tensor {
  const [n = 0, keyHeads = 0, headDim = 0] = x.shape;
  return x.transpose(0, 1).unsqueeze(1).expand([keyHeads, group, n, headDim]);
}

/** [nKv, g, n, hd] as [n, nKv, g, hd]. */
function tokensFirst(x: Tensor): Tensor {
  return x.permute([2, 0, 1, 3]);
}

/**
 * The newest m of the n tokens of a sequence on the CPU.
 *
 * @returns the output [nKv, g, m, hd] and its log-sum-exp
 */
function hostForward(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): [Tensor, Tensor] {
  const [m = 0, heads = 0, headDim = 0] = q.shape;
  const [n = 0, keyHeads = 0] = k.shape;
  const group = heads / keyHeads;
  // The kernel's own mask takes the first query for that of the first key.
  const isWhole = m === n;
  const shown = { ...options, isCausal: !isWhole };
  return _scaledDotProductFlashAttentionForCpu(
    groupedQueries(q, keyHeads, headDim),
    sharedKeys(k, group),
    sharedKeys(v, group),
    0,
    isWhole,
    { scale: options.scale, attnMask: attentionBias(shown, m, n, keyHeads, group, q.device) },
  );
}

function hostAttention(
  q: Value,
  k: Value,
  v: Value,
  { lengths }: SequenceLengths,
  options: AttentionOptions,
): Value {
  const parts = spans(lengths);
  const logSumExps = parts.map((_, i) => i + 1);
  const [output] = operate({
    inputs: [q, k, v],
    cost: "dear",
    compute() {
      const [queries, keys, values] = [tensorOf(q), tensorOf(k), tensorOf(v)];
      const [n = 0, heads = 0, headDim = 0] = queries.shape;
      const keyHeads = keys.size(1);
      const { dtype, device } = queries;
      const output = empty([n, keyHeads, heads / keyHeads, headDim], { dtype, device });
      const sums = parts.map(({ start, length }) => {
        const rows = (x: Tensor) => x.narrow(0, start, length);
        const [part, sum] = hostForward(rows(queries), rows(keys), rows(values), options);
        rows(output).copy_(tokensFirst(part));
        part.dispose();
        return sum;
      });
      return [output.view([n, heads * headDim]), ...sums];
    },
    reads: [q, k, v],
    readsResults: [0, ...logSumExps],
    // The probabilities are exp(scores - logSumExp): rounding it would scale them.
    exact: logSumExps,
    backward([gradient], [output, ...sums]) {
      const inputs = [tensorOf(q), tensorOf(k), tensorOf(v)] as const;
      const [, heads = 0, headDim = 0] = inputs[0].shape;
      const keyHeads = inputs[1].size(1);
      const group = heads / keyHeads;
      const { dtype, device } = inputs[0];
      const results = inputs.map(({ shape }) => empty([...shape], { dtype, device }));
      const dense = gradient!.contiguous();
      parts.forEach(({ start, length }, i) => {
        const rows = (x: Tensor) => x.narrow(0, start, length);
        const [byQuery, byKey, byValue] = _scaledDotProductFlashAttentionForCpuBackward(
          groupedQueries(rows(dense), keyHeads, headDim),
          groupedQueries(rows(inputs[0]), keyHeads, headDim),
          sharedKeys(rows(inputs[1]), group),
          sharedKeys(rows(inputs[2]), group),
          groupedQueries(rows(tensorOf(output!)), keyHeads, headDim),
          tensorOf(sums[i]!),
          0,
          true,
          {
            scale: options.scale,
            attnMask: attentionBias(options, length, length, keyHeads, group, device),
          },
        );
        const queryRows = rows(results[0]!).view([length, keyHeads, group, headDim]);
        queryRows.copy_(tokensFirst(byQuery));
        rows(results[1]!).copy_(byKey.sum([1]).transpose(0, 1));
        rows(results[2]!).copy_(byValue.sum([1]).transpose(0, 1));
      });
      [q, k, v].forEach((input, i) => {
        addGradient(input, results[i]!);
      });
    },
  });
  return output!;
}

/** All sequences in one call of CUDA's flash kernel. */
function varlenAttention(
  q: Value,
  k: Value,
  v: Value,
  { cuSeqlens, longest }: SequenceLengths,
  { scale, window }: AttentionOptions,
): Value {
  const kernel = {
    scale,
    windowSizeLeft: window === undefined ? undefined : window - 1,
    windowSizeRight: window === undefined ? undefined : 0,
  };
  const sizes = [cuSeqlens, cuSeqlens, longest, longest, 0, true] as const;
  const [output] = operate({
    inputs: [q, k, v],
    cost: "dear",
    compute() {
      const queries = tensorOf(q);
      const [n = 0, heads = 0, headDim = 0] = queries.shape;
      const [attended, logSumExp, randomState, unused] = _flashAttentionForward(
        queries.contiguous(),
        tensorOf(k).contiguous(),
        tensorOf(v).contiguous(),
        ...sizes,
        false,
        kernel,
      );
      return [attended.view([n, heads * headDim]), logSumExp, randomState, unused];
    },
    reads: [q, k, v],
    readsResults: [0, 1, 2, 3],
    exact: [1, 2, 3],
    backward([gradient], [output, logSumExp, randomState, unused]) {
      const queries = tensorOf(q).contiguous();
      const perHead = (x: Tensor) => x.view([...queries.shape]);
      const gradients = _flashAttentionBackward(
        perHead(gradient!.contiguous()),
        queries,
        tensorOf(k).contiguous(),
        tensorOf(v).contiguous(),
        perHead(tensorOf(output!)),
        tensorOf(logSumExp!),
        ...sizes,
        tensorOf(randomState!),
        tensorOf(unused!),
        kernel,
      );
      [q, k, v].forEach((input, i) => {
        addGradient(input, gradients[i]!);
      });
    },
  });
  return output!;
}

/**
 * The formula itself, sequence by sequence, for what no flash kernel computes; its backward pass is
 * libtorch's. Memory: nH * n² for one sequence at a time.
 */
function plainAttention(
  q: Value,
  k: Value,
  v: Value,
  { lengths }: SequenceLengths,
  options: AttentionOptions,
): Value {
  const parts = spans(lengths);
  const rowsOf = (start: number, length: number) =>
    [q, k, v].map((value) => tensorOf(value).narrow(0, start, length));
  const attend = ([queries, keys, values]: readonly Tensor[]) =>
    attendTo(queries!, keys!, values!, options);
  const [output] = operate({
    inputs: [q, k, v],
    cost: "dear",
    compute() {
      const [n = 0, heads = 0, headDim = 0] = tensorOf(q).shape;
      const { dtype, device } = tensorOf(q);
      const output = empty([n, heads * headDim], { dtype, device });
      for (const { start, length } of parts) {
        output.narrow(0, start, length).copy_(attend(rowsOf(start, length)));
      }
      return [output];
    },
    reads: [q, k, v],
    backward([gradient]) {
      const results = [q, k, v].map((value) => tensorOf(value).emptyLike());
      for (const { start, length } of parts) {
        const rows = rowsOf(start, length);
        const gradients = vjp(attend, rows, gradient!.narrow(0, start, length));
        results.forEach((result, i) => {
          result.narrow(0, start, length).copy_(gradients[i]!);
        });
      }
      [q, k, v].forEach((input, i) => {
        addGradient(input, results[i]!);
      });
    },
  });
  return output!;
}

/**
 * Attention of the newest tokens to everything before them, for generation; for all tokens of a
 * sequence it is {@link causalAttention}.
 *
 * @param q [m, nH, hd] the newest m tokens
 * @param k [n, nKv, hd] all tokens, the newest last
 * @param v [n, nKv, vd]
 * @returns [m, nH * vd]
 */
export function cachedAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions = {},
): Tensor {
  const [m = 0, heads = 0, headDim = 0] = q.shape;
  const isAlone = m === 1 && k.size(0) > 1;
  if (isAlone || q.device !== "cpu" || options.softCap !== undefined) {
    return attendTo(q, k, v, options);
  }
  const width = v.size(-1);
  const [output] = hostForward(q, k, width === headDim ? v : padHeads(v, headDim), options);
  return tokensFirst(output)
    .narrow(-1, 0, width)
    .reshape([m, heads * width]);
}

/** Scores written out. @param q [m, nH, hd] @param k [n, nKv, hd] @param v [n, nKv, vd] */
function attendTo(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  const [m = 0, heads = 0, headDim = 0] = q.shape;
  const [n = 0, keyHeads = 0] = k.shape;
  const group = heads / keyHeads;
  const { scale = 1 / Math.sqrt(headDim), softCap } = options;
  const queries = q
    .view([m, keyHeads, group, headDim])
    .permute([1, 2, 0, 3]) // [nKv, g, m, hd]
    .reshape([keyHeads, group * m, headDim]);
  let scores = queries.mul(scale).bmm(k.permute([1, 2, 0])); // [nKv, g * m, n]
  if (softCap !== undefined) scores = scores.div(softCap).tanh().mul(softCap);
  const bias = attentionBias({ ...options, isCausal: m > 1 }, m, n, keyHeads, group, q.device);
  if (bias) {
    const perQuery = bias.expand([keyHeads, group, m, n]).reshape([keyHeads, group * m, n]);
    scores = scores.add(perQuery);
  }
  return scores
    .softmax(-1)
    .to({ dtype: q.dtype })
    .bmm(v.transpose(0, 1)) // [nKv, g * m, vd]
    .view([keyHeads, group, m, v.size(-1)])
    .permute([2, 0, 1, 3])
    .reshape([m, heads * v.size(-1)]);
}
