/** Which of many tensors hold numbers only, with one read by the host. */
import { _foreachNorm, noGrad, stack, type Tensor, tidy } from "../../tensor/index.js";

const FLOATS: ReadonlySet<string> = new Set(["float32", "float64", "bfloat16", "float16"]);

/**
 * Names of the tensors that are not finite; tensors of whole numbers always are.
 *
 * @param order of the norm that is looked at: `Infinity` finds values that are no numbers, 2 also those
 *   whose squares overflow float32, with which nothing can be computed
 */
export function notFinite(
  tensors: Iterable<readonly [name: string, tensor: Tensor]>,
  order: 2 | number = Number.POSITIVE_INFINITY,
): string[] {
  const floats = [...tensors].filter(([, { dtype, numel }]) => FLOATS.has(dtype) && numel > 0);
  if (floats.length === 0) return [];
  const norms = noGrad(() =>
    tidy(() => {
      const all = floats.map(([, tensor]) => tensor);
      const bytes = stack(_foreachNorm(all, order, "float32"), 0)
        .to({ device: "cpu" })
        .bytes();
      return new Float32Array(bytes.buffer, bytes.byteOffset, floats.length).slice();
    }),
  );
  return floats.flatMap(([name], i) => (Number.isFinite(norms[i]) ? [] : [name]));
}

/** Names in a sentence: the first few, and how many more. */
export function nameList(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
