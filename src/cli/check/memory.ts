/** Estimates how much memory and disk space a run will need. */
import type { ModelConfig } from "../../format/index.js";
import {
  countAdapterWeights,
  countBlockWeights,
  countNonEmbeddingParameters,
  type DeviceConfig,
} from "../../train/index.js";

/** All in bytes. */
export interface MemoryEstimate {
  weights: number;
  /** Adapter or master weights, their gradients and the optimizer's state. */
  trained: number;
  activations: number;
  total: number;
}

/** NF4 with double quantization: 4 bits, an 8-bit constant per 64 weights, a float32 per 256 constants. */
const nf4Bytes = (4 + 8 / 64 + 32 / (64 * 256)) / 8;

/** Tokens that are computed at a time on a CPU and on a GPU. */
const groupTokens = { cpu: 1024, cuda: 16384 };

/** Bytes of an optimizer's state for each trained weight. */
const stateBytes = { adamw: 8, adamw8bit: 2, sgd: 0 };

/** The process itself: libtorch, the tokenizer, buffers. */
const processBytes = 600e6;

/** Weights that an optimizer step changes. */
export function countTrained(model: ModelConfig, config: DeviceConfig): number {
  if (config.lora_rank !== null) {
    return countAdapterWeights(model, { rank: config.lora_rank, targets: config.lora_target });
  }
  return countNonEmbeddingParameters(model) + model.vocab_size * model.hidden_size;
}

/**
 * Weights in the type that they are computed in, float32 for what is trained; with gradient
 * checkpointing the inputs of all branches and the inner values of one group, else those of all
 * layers. An estimate: within about a third of what is then used.
 * @param longest tokens of the longest conversation after cutting
 */
export function estimateMemory(
  model: ModelConfig,
  config: DeviceConfig,
  longest: number,
): MemoryEstimate {
  const bytes = config.computeDtype === "float32" ? 4 : 2;
  const blocks = countBlockWeights(model);
  const outside = model.vocab_size * model.hidden_size * (model.tie_word_embeddings ? 1 : 2);
  const full = config.train_mode === "full";
  const weights = full
    ? 0
    : blocks * (config.train_mode === "qlora" ? nf4Bytes : bytes) + outside * bytes;
  const state = stateBytes[config.optimizer.kind];
  const trained = countTrained(model, config) * (4 + 4 + state);

  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers } = model;
  const tokens = config.per_device_train_batch_size * longest;
  const group = Math.min(tokens, Math.max(groupTokens[config.device], longest));
  const perLayer = (8 * hidden + 5 * inner) * bytes;
  const kept = config.gradient_checkpointing
    ? tokens * 2 * layers * hidden * bytes + group * 2 * perLayer
    : tokens * layers * perLayer;
  const logits = Math.min(group * model.vocab_size, 2 ** 25) * (4 + bytes);
  const activations = kept + logits;
  return { weights, trained, activations, total: weights + trained + activations + processBytes };
}

/** Bytes of one checkpoint: what is trained, and the optimizer's state unless it is left out. */
export function checkpointBytes(model: ModelConfig, config: DeviceConfig): number {
  const state = config.save_only_model ? 0 : stateBytes[config.optimizer.kind];
  return countTrained(model, config) * (4 + state) + 5e6;
}
