/**
 * Floating-point operations of training a model, in two accountings (docs/metrics.md): transformers'
 * `total_flos`, and the operations that the mathematics needs, for MFU. The second equals what
 * PyTorch's `torch.utils.flop_counter` counts, but for what is left out on purpose: the upper half
 * of causal attention, logits without label, and recomputation. Both walk the model's description.
 */
import { unitsOf } from "../lora/index.js";
import { type CausalLanguageModel, countElements, type ModelBranch } from "../models/index.js";
import type { Linear } from "../nn/index.js";

/** What went through the model. */
export interface FlopBatch {
  /** Length of each sequence, tokens. */
  lengths: readonly number[];
  /** Positions at which a loss was taken. */
  labelledTokens: number;
}

/**
 * Operations that one training step needs, forward and backward; a multiply-add counts as two.
 *
 * A linear layer of N weights costs 2N a token forward, 2N for the gradient of its input, and 2N for
 * the gradient of its weights where these are trained: 6N in full fine-tuning; with an adapter of A
 * weights over a frozen base 4N + 6A. The head costs the same, at labelled positions only. Causal
 * attention of a sequence of s tokens costs `2 * heads * head_dim * s^2` a layer (half of it for the
 * keys, half for the values, which may be of another width) forward and twice
 * that backward; where it is within a window, keys beyond it are left out. Of experts, those count that a
 * token goes through; where their adapters differ in rank, with the mean of all. Embedding, norms and
 * activations are left out, and so is recomputation: it is work that the device does, not work that
 * the result needs.
 */
export function trainingFlops(
  { branches, output }: CausalLanguageModel,
  { lengths, labelledTokens }: FlopBatch,
): number {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const { trainable, tensor } = output.weight;
  const adapter = (output.adapter?.parameters() ?? []).reduce(
    (sum, one) => sum + one.tensor.numel,
    0,
  );
  let total = ((trainable ? 6 : 4) * tensor.numel + 6 * adapter) * labelledTokens;
  for (const branch of branches) {
    const { attention } = branch;
    total += productFlops(branch) * tokens;
    if (!attention) continue;
    const { heads, headDim, valueDim = headDim, options } = attention;
    const squares = lengths.reduce((sum, length) => sum + attended(length, options.window), 0);
    total += 3 * heads * (headDim + valueDim) * squares;
  }
  return total;
}

/** Twice the area of the scores that count: the square of the length less that beyond the window. */
function attended(length: number, window = length): number {
  const beyond = Math.max(0, length - window);
  return length ** 2 - beyond ** 2;
}

/** Operations of a branch's products for each token; of experts those that it goes through. */
function productFlops({ linears, router, experts }: ModelBranch): number {
  const routing = router ? (router.trainable ? 6 : 4) * router.tensor.numel : 0;
  return Object.entries(linears).reduce((total, [role, linear]) => {
    const share = experts?.roles.has(role) ? experts.perToken / experts.count : 1;
    return total + share * linearFlops(linear);
  }, routing);
}

/** Operations of a linear layer for each token. */
function linearFlops(linear: Linear): number {
  return unitsOf(linear).reduce((total, { base, adapters }) => {
    const weights = base.inFeatures * base.outFeatures;
    const trained = base
      .parameters()
      .some(({ trainable, tensor }) => trainable && tensor.dim === 2);
    const low = adapters.reduce((sum, { a, b }) => sum + a.tensor.numel + b.tensor.numel, 0);
    return total + (trained ? 6 : 4) * weights + 6 * low;
  }, 0);
}

/**
 * transformers' `total_flos` (`Trainer.floating_point_ops`): 6 operations a token and parameter,
 * where all parameters but the embedding count, trained or not, adapters included. A head that is
 * tied to the embedding does not count, one of its own does. Ours counts real tokens; transformers
 * also counts padding.
 */
export function totalFlos(model: CausalLanguageModel, tokens: number): number {
  return 6 * (countElements(model).all - model.embedding.tensor.numel) * tokens;
}

/**
 * Model FLOPs utilization (Chowdhery et al. 2022, PaLM, appendix B): the share of the device's rate
 * that went into operations which the result needs.
 *
 * @param flops of {@link trainingFlops}
 * @param peak measured operations a second of a large matrix product in the computing type
 * @returns between 0 and about 1; `null` where time or peak are unknown
 */
export function modelFlopsUtilization(
  flops: number,
  seconds: number,
  peak: number | undefined,
): number | null {
  return peak && seconds > 0 ? flops / seconds / peak : null;
}
