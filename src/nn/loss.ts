/**
 * Cross entropy over a large vocabulary without the logits of all tokens: the caller gives only the
 * labelled positions, the logits are made in chunks, and each chunk's gradient is made at once, so
 * that memory holds one chunk whatever the number of tokens (the idea of Liger and of Cut Cross
 * Entropy, Wijmans et al., 2024, arXiv 2411.09009).
 */
import { Tensor, tidy, zeros } from "../tensor/index.js";

/** Logits in a chunk, 128 MB in float32: fewer rows at once make the products less efficient. */
const CHUNK_ELEMENTS = 2 ** 25;

/** What the loss is taken against. */
export interface LossTargets {
  /** [m] int64 token ids */
  targets: Tensor;
  /** [m] float32 factor on the loss of each position; null for 1. */
  weights: Tensor | null;
  /** Factor on all of them, usually one over the units of the accumulation window. */
  scale: number;
  /** Logits become `cap * tanh(logit / cap)`. */
  softCap?: number | undefined;
  /** Where the loss of each sequence is summed; absent where nobody asks. */
  bySequence?: SequenceLosses | undefined;
  /** Logits that are made at once; at least one row of them. */
  chunkElements?: number | undefined;
}

/** Sums of losses by sequence. */
export interface SequenceLosses {
  /** [sequences] float32: the weighted losses of its positions are added, without `scale`. */
  sums: Tensor;
  /** [m] int32, which of the sequences a position belongs to. */
  sequenceOf: Tensor;
}

/** Which gradients are wanted. */
export interface LossGradients {
  /** A factor on the gradients alone, [] (loss scaling of float16); null for 1. */
  gradientScale: Tensor | null;
  /** The gradient by the output embedding is added to this, [vocab, dim] float32; null for none. */
  byWeight: Tensor | null;
}

/** Logits of some rows, by something other than one product, and the way back. */
export interface ChunkLogits {
  /** [count, vocab] */
  logits: Tensor;
  /** @param byLogits [count, vocab] @param factor on it @returns the gradient by the rows, [count, dim] */
  backward(byLogits: Tensor, factor: number): Tensor;
}

/** An output head that is more than one product. */
export interface LogitsLayer {
  vocabulary: number;
  /** Makes the logits of a chunk. @param hidden [count, dim] @param start number of its first row */
  chunk(hidden: Tensor, start: number): ChunkLogits;
}

/**
 * Sum of the weighted cross entropies of `hidden · weightᵀ`, and its gradients.
 *
 * @param hidden [m, dim] final hidden states at labelled positions
 * @param weight [vocab, dim] output embedding in the type of `hidden`; or a layer that does more
 * @param gradients null where none are wanted
 * @returns the loss, [] float32, and its gradient by `hidden`, [m, dim]
 */
export function linearCrossEntropy(
  hidden: Tensor,
  weight: Tensor | LogitsLayer,
  { targets, weights, scale, softCap, bySequence, chunkElements = CHUNK_ELEMENTS }: LossTargets,
  gradients: LossGradients | null,
): { loss: Tensor; byHidden: Tensor | null } {
  return tidy(() => {
    const [rows = 0] = hidden.shape;
    const loss = zeros([], { dtype: "float32", device: hidden.device });
    const byHidden = gradients ? hidden.zerosLike() : null;
    const layer = weight instanceof Tensor ? productLayer(weight) : weight;
    const rowsThatFit = Math.max(1, Math.floor(chunkElements / layer.vocabulary));
    const rowsEach = Math.ceil(rows / Math.max(1, Math.ceil(rows / rowsThatFit)));
    for (let start = 0; start < rows; start += rowsEach) {
      const count = Math.min(rowsEach, rows - start);
      tidy(() => {
        const part = (x: Tensor) => x.narrow(0, start, count);
        const chosen = part(targets).view([count, 1]);
        const factors = weights ? part(weights).view([count, 1]) : null;
        const head = layer.chunk(part(hidden), start);
        let logits = head.logits.to({ dtype: "float32" });
        if (softCap !== undefined) logits = logits.div_(softCap).tanh().mul_(softCap);
        const logProbabilities = logits.logSoftmax(-1); // [count, vocab]
        if (softCap === undefined) logits.dispose();
        const picked = logProbabilities.gather(1, chosen);
        const weighted = factors ? picked.mul(factors) : picked;
        loss.sub_(weighted.sum(null), { alpha: scale });
        if (bySequence) {
          const { sums, sequenceOf } = bySequence;
          sums.indexAdd_(0, part(sequenceOf), weighted.view([count]), { alpha: -1 });
        }
        if (!gradients || !byHidden) return;
        // The gradient of the logits: probabilities minus one-hot, in place.
        const byLogits = logProbabilities.exp_();
        byLogits.scatterAdd_(1, chosen, picked.onesLike().neg());
        if (softCap !== undefined) byLogits.mul_(logits.div_(softCap).pow(2).neg().add_(1));
        if (factors) byLogits.mul_(factors);
        // float16 holds (p - 1) times its loss scale only after the division by the units.
        if (gradients.gradientScale) byLogits.mul_(gradients.gradientScale).mul_(scale);
        const rest = gradients.gradientScale ? 1 : scale;
        const gradient = byLogits.to({ dtype: hidden.dtype });
        part(byHidden).copy_(head.backward(gradient, rest));
        gradients.byWeight?.add_(gradient.transpose(0, 1).matmul(part(hidden)), { alpha: rest });
      });
    }
    return { loss, byHidden };
  });
}

/** `hidden · weightᵀ` */
function productLayer(weight: Tensor): LogitsLayer {
  return {
    vocabulary: weight.size(0),
    chunk: (hidden) => ({
      logits: hidden.matmul(weight.transpose(0, 1)),
      backward: (byLogits, factor) => byLogits.matmul(weight).mul_(factor),
    }),
  };
}
