/** Keys and values of what prompts begin with, which passes hold for the next ones. */
import { bytesPerToken, halfOfFree } from "../../generate/index.js";
import type { PreparedModel } from "../../models/index.js";
import { dispose, empty, hold, type Tensor } from "../../tensor/index.js";
import { DataError } from "../../util/errors.js";
import { showBytes } from "../../util/showBytes.js";

/** By index of the layer: keys `[tokens, nKv, hd]` and values `[tokens, nKv, vd]`. */
export type HeldBeginning = { keys: Tensor; values: Tensor }[];

/**
 * Room for a beginning; null where there is none. The caller's to dispose.
 *
 * @throws DataError where there is no memory
 */
export function heldBeginning(prepared: PreparedModel, tokens: number): HeldBeginning | null {
  if (tokens === 0) return null;
  const needed = tokens * bytesPerToken(prepared);
  const free = halfOfFree(prepared);
  if (needed > free) {
    throw new DataError(`no memory for prompts of ${tokens} tokens`, {
      why: `their keys and values take ${showBytes(needed)}, and there are ${showBytes(free)} for them`,
      todo: "show fewer examples, or load the model with --dtype bfloat16",
    });
  }
  const { model, dtype } = prepared;
  const { result } = hold(() => {
    const held: HeldBeginning = [];
    for (const { layer, attention } of model.branches) {
      if (!attention) continue;
      const { keyHeads, headDim, valueDim = headDim } = attention;
      const of = (width: number) =>
        empty([tokens, keyHeads, width], { dtype, device: model.device });
      held[layer] = { keys: of(headDim), values: of(valueDim) };
    }
    return held;
  });
  return result;
}

export function disposeBeginning(held: HeldBeginning | null): void {
  if (held) dispose(Object.values(held));
}
