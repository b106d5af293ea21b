/** The pass through a whole model without gradients: hidden states and logits. */
import { constant, forwardBranches, productOf, type TokenGroup, tensorOf } from "../nn/index.js";
import { type Tensor, tidy } from "../tensor/index.js";
import { headLayer } from "./output.js";
import { packSequences } from "./pack.js";
import {
  embedTokens,
  type PreparedModel,
  packedGroup,
  prepareModel,
  productsOf,
} from "./prepare.js";
import type { CausalLanguageModel } from "./types.js";

/**
 * Final hidden states, after the last norm.
 *
 * @param ids [n] int32 on the device
 * @param group positions and attention of these tokens
 * @param rows [m] int32 on the device, the tokens whose states are wanted; default: all. Behind the last
 *   attention only these are computed.
 * @returns [m, dim] in the dtype of the computation
 */
export function hiddenStates(
  { model }: PreparedModel,
  ids: Tensor,
  group: TokenGroup,
  rows?: Tensor,
): Tensor {
  const { branches, output } = model;
  const split = rows ? branches.findLastIndex(({ attention }) => attention) + 1 : branches.length;
  return tidy(() => {
    let [x] = forwardBranches(branches.slice(0, split), [embedTokens(model, ids)], [group]);
    if (rows) x = x!.indexSelect(0, rows);
    if (x!.size(0) > 0) [x] = forwardBranches(branches.slice(split), [x!], [group]);
    const last = constant(x!.to({ dtype: group.dtype }), !group.weights.isTraining);
    return tensorOf(output.norm(last));
  });
}

/** Logits of hidden states. @param hidden [n, dim] @returns [n, vocab] */
export function logitsOf(prepared: PreparedModel, hidden: Tensor): Tensor {
  const { output } = prepared.model;
  return tidy(() => {
    const group = productsOf(prepared);
    const x = constant(hidden, !group.weights.isTraining);
    const logits = output.adapter
      ? tensorOf(output.adapter.apply(x, group))
      : productOf(x, group, headLayer(output));
    const { softCap } = output;
    return softCap === undefined ? logits : logits.div(softCap).tanh().mul(softCap);
  });
}

/** Logits of one whole sequence. @param ids [n] @returns [n, vocab] */
export function forward(model: CausalLanguageModel, ids: Int32Array): Tensor {
  const prepared = prepareModel(model, { weightBytes: 0 });
  try {
    return tidy(() => {
      const labels = new Int32Array(ids.length).fill(-100);
      const [packed] = packSequences([{ inputIds: ids, labels }], ids.length, model.device);
      const hidden = hiddenStates(prepared, packed!.ids, packedGroup(prepared, packed!));
      return logitsOf(prepared, hidden);
    });
  } finally {
    prepared.dispose();
  }
}
