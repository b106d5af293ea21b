/** From the columns of a projection to heads. */
import { empty, type Tensor } from "../tensor/index.js";
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

/**
 * Splits a projection whose outputs follow each other by key heads: the query heads that share one,
 * its keys, its values (InternLM2).
 *
 * @param mixed [n, (nH + 2 nKv) * headDim]
 * @param counts heads of q, k and v
 * @returns q [n, nH, headDim], k and v [n, nKv, headDim]
 */
export function splitGroups(mixed: Value, counts: readonly number[], headDim: number): Value[] {
  const [heads = 1, keyHeads = 1] = counts;
  const group = heads / keyHeads;
  const places: [start: number, count: number][] = [
    [0, group],
    [group, 1],
    [group + 1, 1],
  ];
  const part = (all: Tensor, i: number) => all.narrow(2, ...places[i]!); // [n, nKv, count, headDim]
  return operate({
    inputs: [mixed],
    cost: "cheap",
    compute() {
      const tensor = tensorOf(mixed);
      const all = tensor.view([tensor.size(0), keyHeads, group + 2, headDim]);
      return counts.map((count, i) => part(all, i).reshape([-1, count, headDim]));
    },
    backward(gradients) {
      const { dtype, device, shape } = gradients.find((one) => one !== null)!;
      const all = empty([shape[0]!, keyHeads, group + 2, headDim], { dtype, device });
      gradients.forEach((gradient, i) => {
        const place = part(all, i);
        if (gradient) place.copy_(gradient.view(place.shape));
        else place.zero_();
      });
      addGradient(mixed, all.view([shape[0]!, -1]));
    },
  });
}
