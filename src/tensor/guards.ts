/**
 * Checks that libtorch leaves out and without which an operator would read memory that is not its
 * own. `gen-ops` calls the function that has an operator's name before the operator.
 */
import { ArgumentError } from "../util/errors.js";
import { isTensor } from "./dispatch.js";

/** The flash kernel of the CPU takes the number of keys from `value`, also where `key` has fewer. */
export function scaledDotProductAttention(_query: unknown, key: unknown, value: unknown): void {
  if (!isTensor(key) || !isTensor(value)) return; // the addon says so
  if (key.shape.at(-2) === value.shape.at(-2)) return;
  const expected = `as long as \`key\` in its last but one dimension, [${key.shape}]`;
  const got = `[${value.shape}]`;
  throw new ArgumentError("scaled_dot_product_attention", "value", expected, got);
}
