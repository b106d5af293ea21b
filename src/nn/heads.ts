/** From the columns of a projection to heads. */
import { empty } from "../tensor/index.js";
import { addGradient, operate, tensorOf, type Value } from "./record.js";

/**
 * Splits a stacked projection into parts of heads.
 *
 * @param mixed [n, (sum of counts) * headDim]
 * @param counts heads of each part, such as those of q, k and v
 * @returns one value for each part, [n, heads, headDim]
 */
export function splitHeads(mixed: Value, counts: readonly number[], headDim: number): Value[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const starts = counts.map((_, i) => counts.slice(0, i).reduce((sum, count) => sum + count, 0));
  return operate({
    inputs: [mixed],
    cost: "cheap",
    compute() {
      const tensor = tensorOf(mixed);
      const heads = tensor.view([tensor.size(0), all, headDim]);
      return counts.map((count, i) => heads.narrow(1, starts[i]!, count));
    },
    backward(gradients) {
      const { dtype, device, shape } = gradients.find((one) => one !== null)!;
      const result = empty([shape[0]!, all, headDim], { dtype, device });
      counts.forEach((count, i) => {
        const part = result.narrow(1, starts[i]!, count);
        const gradient = gradients[i];
        if (gradient) part.copy_(gradient);
        else part.zero_();
      });
      addGradient(mixed, result.view([shape[0]!, all * headDim]));
    },
  });
}
