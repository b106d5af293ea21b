/** How much memory a run will need, estimated from sizes alone. */
import { type CausalLanguageModel, countElements } from "../../models/index.js";
import { type DeviceConfig, groupTokens, stateBytes } from "../../train/index.js";

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

/** The process itself: libtorch, the tokenizer, buffers. */
const processBytes = 600e6;

/** Elements in the rows of all linear layers of the branches, and outputs of those for each token. */
function countLinears({ branches }: CausalLanguageModel): { weights: number; outputs: number } {
  const linears = branches.flatMap((branch) => Object.values(branch.linears));
  return {
    weights: linears.reduce((sum, one) => sum + one.inFeatures * one.outFeatures, 0),
    outputs: linears.reduce((sum, one) => sum + one.outFeatures, 0),
  };
}

/**
 * Weights in the type that they are computed in, float32 for what is trained; of one group of tokens
 * the input of each branch and the outputs of its products. An estimate: within about a third of
 * what is then used.
 *
 * @param model its description (`describeTrainedModel`)
 * @param longest tokens of the longest conversation after cutting
 */
export function estimateMemory(
  model: CausalLanguageModel,
  config: DeviceConfig,
  longest: number,
): MemoryEstimate {
  const bytes = config.computeDtype === "float32" ? 4 : 2;
  const { all, trainable } = countElements(model);
  const linears = countLinears(model);
  const isFull = config.train_mode === "full";
  const isQuantized = config.train_mode === "qlora";
  const outside = all - linears.weights - (isFull ? 0 : trainable);
  const weights = isFull ? 0 : linears.weights * (isQuantized ? nf4Bytes : bytes) + outside * bytes;
  const trained = trainable * (4 + 4 + stateBytes[config.optimizer.kind]);

  const dim = model.embedding.tensor.size(1);
  const vocabulary = model.output.weight.tensor.size(0);
  const tokens = config.per_device_train_batch_size * longest;
  const group = Math.min(tokens, Math.max(groupTokens(config.device), longest));
  const kept = group * (model.branches.length * dim + linears.outputs) * bytes;
  const logits = Math.min(group * vocabulary, 2 ** 25) * (4 + bytes);
  const activations = kept + logits;
  return { weights, trained, activations, total: weights + trained + activations + processBytes };
}
