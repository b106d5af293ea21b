/**
 * Floating-point operations of training a Llama-like model, in two accountings (docs/metrics.md):
 * transformers' `total_flos`, and the operations that the mathematics needs, for MFU. The second
 * equals what PyTorch's `torch.utils.flop_counter` counts, but for what is left out on purpose:
 * the upper half of causal attention, logits without label, and recomputation.
 */

/** The sizes of a model that decide its operations, in the names of config.json. */
export interface FlopModel {
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  vocab_size: number;
  tie_word_embeddings: boolean;
}

/** An adapter on some of the blocks' linear layers. */
export interface FlopAdapter {
  rank: number;
  /** Names such as `q_proj`; `all` means the seven of a block. */
  targets: "all" | readonly string[];
}

/** Input and output width of each linear layer of a block. */
function blockLinears(model: FlopModel): Record<string, [number, number]> {
  const { hidden_size: hidden, intermediate_size: inner, head_dim } = model;
  const queries = model.num_attention_heads * head_dim;
  const keys = model.num_key_value_heads * head_dim;
  return {
    q_proj: [hidden, queries],
    k_proj: [hidden, keys],
    v_proj: [hidden, keys],
    o_proj: [queries, hidden],
    gate_proj: [hidden, inner],
    up_proj: [hidden, inner],
    down_proj: [inner, hidden],
  };
}

/** Weights of all blocks' linear layers, without biases. */
export function countBlockWeights(model: FlopModel): number {
  const one = Object.values(blockLinears(model)).reduce((sum, [from, to]) => sum + from * to, 0);
  return model.num_hidden_layers * one;
}

/** Weights of an adapter on all blocks: `rank * (in + out)` for each target. */
export function countAdapterWeights(model: FlopModel, { rank, targets }: FlopAdapter): number {
  const linears = Object.entries(blockLinears(model));
  const one = linears
    .filter(([name]) => targets === "all" || targets.includes(name))
    .reduce((sum, [, [from, to]]) => sum + rank * (from + to), 0);
  return model.num_hidden_layers * one;
}

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
 * attention of a sequence of s tokens costs `2 * heads * head_dim * s^2` a layer forward and twice
 * that backward. Embedding, norms and activations are left out, and so is recomputation: it is
 * work that the device does, not work that the result needs.
 *
 * @param adapter the adapter that is trained; absent where all weights are
 */
export function trainingFlops(
  model: FlopModel,
  { lengths, labelledTokens }: FlopBatch,
  adapter?: FlopAdapter,
): number {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const squares = lengths.reduce((sum, length) => sum + length * length, 0);
  const perWeight = adapter ? 4 : 6;
  const head = model.hidden_size * model.vocab_size;
  const attentionWidth = model.num_attention_heads * model.head_dim;
  return (
    perWeight * countBlockWeights(model) * tokens +
    (adapter ? 6 * countAdapterWeights(model, adapter) * tokens : 0) +
    perWeight * head * labelledTokens +
    6 * attentionWidth * squares * model.num_hidden_layers
  );
}

/**
 * transformers' `total_flos` (`Trainer.floating_point_ops`): 6 operations a token and parameter,
 * where all parameters but the embedding count, trained or not, adapters included. A head that is
 * tied to the embedding does not count, one of its own does. Ours counts real tokens; transformers
 * also counts padding.
 *
 * @param parameters {@link countNonEmbeddingParameters}
 */
export function totalFlos(parameters: number, tokens: number): number {
  return 6 * parameters * tokens;
}

/** Parameters for {@link totalFlos}: linear layers, norms, an untied head, and the adapter. */
export function countNonEmbeddingParameters(model: FlopModel, adapter?: FlopAdapter): number {
  const norms = model.hidden_size * (2 * model.num_hidden_layers + 1);
  const head = model.tie_word_embeddings ? 0 : model.hidden_size * model.vocab_size;
  const extra = adapter ? countAdapterWeights(model, adapter) : 0;
  return countBlockWeights(model) + norms + head + extra;
}

/**
 * Model FLOPs utilisation (Chowdhery et al. 2022, PaLM, appendix B): the share of the device's rate
 * that went into operations which the result needs.
 *
 * @param flops of {@link trainingFlops}
 * @param peak measured operations a second of a large matrix product in the computing type
 * @returns between 0 and about 1; `null` where time or peak are unknown
 */
export function modelFlopsUtilisation(
  flops: number,
  seconds: number,
  peak: number | undefined,
): number | null {
  return peak && seconds > 0 ? flops / seconds / peak : null;
}
