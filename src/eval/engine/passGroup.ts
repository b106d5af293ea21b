/** A pass as a group of tokens: positions, attention over its tree and over what is held before it. */
import type { PageStorage } from "../../generate/index.js";
import { type PreparedModel, productsOf, rotationsOf } from "../../models/index.js";
import { constant, type TokenGroup, tensorOf, treeAttention } from "../../nn/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { Pass } from "./passes.js";

/**
 * Call within `tidy`.
 *
 * @param beginning holds the tokens before the pass, and has room for its own where it holds them
 * @param positions of the tokens, [n] int32 on the device
 * @param longest tokens of the longest text, for rotations that depend on it
 */
export function passGroup(
  prepared: PreparedModel,
  beginning: PageStorage | null,
  { held, holds, nodes }: Pass,
  positions: Tensor,
  longest: number,
): TokenGroup {
  const n = positions.size(0);
  return {
    ...productsOf(prepared),
    ...rotationsOf(prepared, (tables, dtype) => {
      const { cos, sin } = tables.upTo(longest, dtype);
      return { cos: cos.indexSelect(0, positions), sin: sin.indexSelect(0, positions) };
    }),
    attend(q, k, v, layer, options) {
      const [queries, keys, values] = [tensorOf(q), tensorOf(k), tensorOf(v)];
      const before = beginning?.[layer];
      if (before && holds) {
        before.keys.narrow(0, held, n).copy_(keys);
        before.values.narrow(0, held, n).copy_(values);
      }
      const seen =
        before && held > 0
          ? { keys: before.keys.narrow(0, 0, held), values: before.values.narrow(0, 0, held) }
          : null;
      return constant(treeAttention(queries, keys, values, nodes, seen, options), true);
    },
  };
}
