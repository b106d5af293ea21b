// The shapes that bench/gpu/first.mjs measures, in the names of config.json, and what a step of them costs.

const shared = {
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  attention_bias: false,
  max_position_embeddings: 4096,
};

/** Twice the same two layers: what the losses are compared on. */
export const tiny = {
  ...shared,
  hidden_size: 64,
  intermediate_size: 176,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  vocab_size: 320,
  tie_word_embeddings: false,
};

/** Llama 3.2 1B and Llama 2 7B. */
export const large = {
  "1b": {
    ...shared,
    hidden_size: 2048,
    intermediate_size: 8192,
    num_hidden_layers: 16,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 64,
    vocab_size: 128256,
    tie_word_embeddings: true,
  },
  "7b": {
    ...shared,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    head_dim: 128,
    vocab_size: 32000,
    tie_word_embeddings: false,
  },
};

/** The same two, small enough for a CPU. */
export const rehearsed = {
  "1b": { ...tiny, tie_word_embeddings: true },
  "7b": { ...tiny, num_key_value_heads: 4 },
};

/**
 * Floating-point operations of a training step with LoRA on all linear layers of the blocks: 4 a frozen
 * weight and token, 6 a weight of the adapter, 4 a weight of the head and labelled token, and causal
 * attention (docs/metrics.md).
 */
export function loraFlops(shape, { rank, tokens, labelledTokens, length }) {
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers } = shape;
  const queries = shape.num_attention_heads * shape.head_dim;
  const keys = shape.num_key_value_heads * shape.head_dim;
  const linears = [
    [hidden, queries],
    [hidden, keys],
    [hidden, keys],
    [queries, hidden],
    [hidden, inner],
    [hidden, inner],
    [inner, hidden],
  ];
  const weights = linears.reduce((sum, [from, to]) => sum + from * to, 0);
  const adapters = linears.reduce((sum, [from, to]) => sum + rank * (from + to), 0);
  return (
    layers * (4 * weights + 6 * adapters) * tokens +
    4 * hidden * shape.vocab_size * labelledTokens +
    6 * queries * length * tokens * layers
  );
}
