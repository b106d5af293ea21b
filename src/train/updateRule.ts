/** What an optimizer is made of: its settings, and rules that each update some of the parameters. */
import type { Tensor } from "../tensor/index.js";

/** Settings of an optimizer, in the names of `TrainingArguments`. */
export interface OptimizerSettings {
  kind: "adamw" | "adamw8bit" | "sgd";
  /** State in memory that the driver moves to the host while a device runs short; CUDA only. */
  paged?: boolean;
  weight_decay: number;
  adam_beta1: number;
  adam_beta2: number;
  adam_epsilon: number;
  /** Names of embeddings, whose state is never coded in 8 bits. */
  embeddings?: readonly string[];
  /** What the learning rate of a parameter is multiplied by. Default 1. */
  rateFactor?: ((name: string, parameter: Tensor) => number) | undefined;
  /** Momentum of SGD; transformers' `optim: sgd` has none. */
  momentum?: number;
}

/** How some of the parameters are updated, and the state that it takes. */
export interface UpdateRule {
  state: ReadonlyMap<string, Tensor>;
  /**
   * @param gradients by the parameters' names, float32
   * @param number [] float32, number of the step, from 1
   * @param foundInf [] float32; where it is 1, nothing may change
   */
  step(
    gradients: ReadonlyMap<string, Tensor>,
    learningRate: number,
    number: Tensor,
    foundInf: Tensor | null,
  ): void;
  dispose(): void;
}
