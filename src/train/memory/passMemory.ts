/** How much memory a run spends on not computing things twice. */
import type { MemoryRoom } from "../../util/memoryLimits.js";

/** Shares of the memory that is free when the model is loaded. */
const KEPT_SHARE = 1 / 4;
const WEIGHT_SHARE = 1 / 4;

export interface PassMemory {
  /** For activations that are kept for the backward pass; null for all. */
  keepBytes: number | null;
  /** For frozen weights that are cast or dequantized once. */
  weightBytes: number;
}

/**
 * Decides by the memory that is free now, with optimizer and gradients still to come.
 *
 * @param recomputes `gradient_checkpointing`: whether activations may be computed again
 * @param before the choice of an earlier attempt. What is kept is rounded to the type of the residual
 *   stream, so a resumed run keeps the same values to compute the same numbers.
 */
export function planPassMemory(
  { free }: Pick<MemoryRoom, "free">,
  recomputes: boolean,
  before?: number | null,
): PassMemory {
  const weightBytes = Math.floor(free * WEIGHT_SHARE);
  if (before !== undefined) return { keepBytes: before, weightBytes };
  return { keepBytes: recomputes ? Math.floor(free * KEPT_SHARE) : null, weightBytes };
}
