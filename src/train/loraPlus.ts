/** Learning rates of LoRA+ (Hayou et al., 2024, arXiv 2402.12354), in the groups of PEFT's optimizer. */
import type { TrainingConfig } from "./config/index.js";
import type { OptimizerSettings } from "./updateRule.js";

type Rates = Pick<TrainingConfig, "learning_rate" | "loraplus_lr_ratio" | "loraplus_lr_embedding">;

/**
 * What the learning rate of each parameter is multiplied by: `loraplus_lr_ratio` for second matrices and
 * vectors; adapters of the embedding have a learning rate of their own.
 *
 * @returns undefined where all weights have one learning rate
 */
export function loraPlusFactor({
  learning_rate: rate,
  loraplus_lr_ratio: ratio,
  loraplus_lr_embedding: embedding,
}: Rates): OptimizerSettings["rateFactor"] {
  if (ratio === null) return undefined;
  return (name, { dim }) => {
    if (name.includes(".lora_embedding_")) return embedding / rate;
    return name.includes(".lora_B") || dim === 1 ? ratio : 1;
  };
}
