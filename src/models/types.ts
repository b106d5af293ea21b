/** What every model family provides. */
import type { ModelConfig } from "../format/index.js";
import type { Branch, Linear, LinearPart } from "../nn/index.js";
import type { Device, DType, Tensor } from "../tensor/index.js";

/** A residual branch with linear layers that adapters may wrap or quantisation replace. */
export interface ModelBranch extends Branch {
  /** Index of the layer it belongs to. */
  layer: number;
  /** Its linear layers by role; replacing an entry replaces the layer. */
  linears: Record<string, Linear>;
  /** Weight of the norm before it, [dim]. */
  norm: Tensor;
  /** Name of that norm within the layer, such as `input_layernorm`. */
  normName: string;
}

/** A causal language model: embedding, residual branches, final norm, output head. */
export interface CausalLanguageModel {
  config: ModelConfig;
  dtype: DType;
  device: Device;
  /** [vocab, dim] */
  embedding: Tensor;
  branches: ModelBranch[];
  /** [dim] */
  finalNorm: Tensor;
  /** [vocab, dim]; the embedding itself where they are tied */
  head: Tensor;
}

/** A model family: how weights in Hugging Face's names become a model. */
export interface ModelFamily {
  /**
   * Whether this configuration can be computed.
   *
   * @throws ConfigError saying what is not supported.
   */
  check(config: ModelConfig): void;
  /** @param read gives a weight by name; `optional` names may be absent */
  build(config: ModelConfig, read: WeightReaderFunctions): CausalLanguageModel;
}

/** Access to the weights of a file while a model is built. */
export interface WeightReaderFunctions {
  dtype: DType;
  device: Device;
  /** One weight, checked against its expected shape. */
  weight(name: string, shape: readonly number[]): Tensor;
  /** Several weights of the same input stacked on the output axis. */
  stacked(parts: readonly { name: string; rows: number }[], columns: number): Tensor;
  /** Biases stacked likewise, or null where the file has none of them. */
  biases(parts: readonly { name: string; rows: number }[]): Tensor | null;
  has(name: string): boolean;
  /** Makes a layer from its dense weight; the place where quantisation comes in. */
  linear(weight: Tensor, bias: Tensor | null, parts: readonly LinearPart[]): Linear;
}
