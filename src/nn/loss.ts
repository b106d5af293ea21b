/**
 * Cross entropy over a large vocabulary without the logits of all tokens: the caller gives only the
 * labelled positions, the logits are made in chunks, and each chunk's gradient is made at once, so
 * that memory holds one chunk whatever the number of tokens (the idea of Liger and of Cut Cross
 * Entropy, Wijmans et al., 2024, arXiv 2411.09009).
 */
import { customGradient, type Tensor, tensor, tidy } from "../tensor/index.js";

/** Logits in a chunk, 128 MB in float32: fewer rows at once make the products less efficient. */
const CHUNK_ELEMENTS = 2 ** 25;

/**
 * Sum of the cross entropies of `hidden · weightᵀ` against `targets`, times `scale`.
 *
 * @param hidden [m, dim] final hidden states at labelled positions
 * @param weight [vocab, dim] output embedding
 * @param targets [m] token ids
 * @param scale usually one over the labelled tokens of the accumulation window
 * @param chunkElements logits that are made at once; at least one row of them
 * @returns a scalar of float32
 */
export function linearCrossEntropy(
  hidden: Tensor,
  weight: Tensor,
  targets: Int32Array,
  scale: number,
  chunkElements: number = CHUNK_ELEMENTS,
): Tensor {
  const [loss] = customGradient(
    [hidden, weight],
    () => {
      const wanted = hidden.requiresGrad || weight.requiresGrad;
      const hiddenGradient = wanted ? hidden.zerosLike() : null;
      const weightGradient = weight.requiresGrad ? weight.zerosLike({ dtype: "float32" }) : null;
      const rowsThatFit = Math.max(1, Math.floor(chunkElements / weight.size(0)));
      const chunks = Math.ceil(targets.length / rowsThatFit);
      const rowsEach = Math.ceil(targets.length / chunks);
      let total = 0;
      for (let start = 0; start < targets.length; start += rowsEach) {
        const count = Math.min(rowsEach, targets.length - start);
        total += tidy(() => {
          const rows = hidden.narrow(0, start, count);
          const chosen = tensor(
            BigInt64Array.from(targets.subarray(start, start + count), BigInt),
            [count, 1],
          ).to({ device: hidden.device });
          const logits = rows.matmul(weight.transpose(0, 1)).to({ dtype: "float32" }); // [count, vocab]
          const logProbabilities = logits.logSoftmax(-1);
          logits.dispose();
          const picked = logProbabilities.gather(1, chosen);
          const sum = -picked.sum(null).item();
          if (!hiddenGradient) return sum;
          // The gradient of the logits: probabilities minus one-hot, in place.
          const probabilities = logProbabilities.exp_();
          probabilities.scatterAdd_(1, chosen, picked.onesLike().neg());
          const gradient = probabilities.to({ dtype: hidden.dtype });
          hiddenGradient.narrow(0, start, count).copy_(gradient.matmul(weight).mul_(scale));
          weightGradient?.add_(gradient.transpose(0, 1).matmul(rows), { alpha: scale });
          return sum;
        });
      }
      return {
        outputs: [
          tensor([total * scale])
            .squeeze(0)
            .to({ device: hidden.device }),
        ],
        saved: { hiddenGradient, weightGradient },
      };
    },
    ([gradient], { hiddenGradient, weightGradient }) => [
      hiddenGradient!.mul(gradient!.to({ dtype: hidden.dtype })),
      weightGradient ? weightGradient.mul(gradient!).to({ dtype: weight.dtype }) : null,
    ],
  );
  return loss as Tensor;
}
