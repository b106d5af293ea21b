/** From the columns of a projection to heads. */
import { cat, empty, type Tensor, zeros } from "../tensor/index.js";
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

/** Parts of the columns of each row, without a copy. @param x [..., sum of widths] @returns [..., width] */
export function splitColumns(x: Value, widths: readonly number[]): Value[] {
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width, 0));
  const parts = (tensor: Tensor) => widths.map((width, i) => tensor.narrow(-1, starts[i]!, width));
  return operate({
    inputs: [x],
    cost: "cheap",
    compute: () => parts(tensorOf(x)),
    backward(gradients) {
      const { dtype, device, shape } = gradients.find((one) => one !== null)!;
      const all = widths.reduce((sum, width) => sum + width, 0);
      const result = empty([...shape.slice(0, -1), all], { dtype, device });
      parts(result).forEach((part, i) => {
        const gradient = gradients[i];
        if (gradient) part.copy_(gradient);
        else part.zero_();
      });
      addGradient(x, result);
    },
  });
}

/**
 * Puts the columns of heads beside each other; of one head they stand beside those of every other's.
 *
 * @param parts [n, heads, width] each, or [n, 1, width]
 * @returns [n, heads, sum of widths]
 */
export function joinColumns(parts: readonly Value[]): Value {
  const [output] = operate({
    inputs: parts,
    cost: "cheap",
    compute() {
      const tensors = parts.map(tensorOf);
      const heads = Math.max(...tensors.map((tensor) => tensor.size(1)));
      return [
        cat(
          tensors.map((one) => one.expand([-1, heads, -1])),
          -1,
        ),
      ];
    },
    reads: parts,
    backward([gradient]) {
      let start = 0;
      for (const part of parts) {
        const [, heads = 0, width = 0] = tensorOf(part).shape;
        const own = gradient!.narrow(-1, start, width);
        addGradient(part, heads === own.size(1) ? own.clone() : own.sum([1], true));
        start += width;
      }
    },
  });
  return output!;
}

/** Zeros behind the columns of each head. @param x [n, heads, less] @returns [n, heads, width] */
export function padHeads(x: Tensor, width: number): Tensor {
  const [n = 0, heads = 0, own = 0] = x.shape;
  const { dtype, device } = x;
  return cat([x, zeros([n, heads, width - own], { dtype, device })], -1);
}

/** {@link padHeads} of a value. */
export function paddedHeads(x: Value, width: number): Value {
  const own = tensorOf(x).size(-1);
  const [output] = operate({
    inputs: [x],
    cost: "cheap",
    compute: () => [padHeads(tensorOf(x), width)],
    backward: ([gradient]) => addGradient(x, gradient!.narrow(-1, 0, own).contiguous()),
  });
  return output!;
}

/** Only the first columns of each head. @param x [n, heads * all] @returns [n, heads * width] */
export function cutHeads(x: Value, heads: number, width: number): Value {
  const all = tensorOf(x).size(1) / heads;
  const [output] = operate({
    inputs: [x],
    cost: "cheap",
    compute() {
      const first = tensorOf(x).view([-1, heads, all]).narrow(-1, 0, width);
      return [first.reshape([-1, heads * width])];
    },
    backward([gradient]) {
      const padded = padHeads(gradient!.view([-1, heads, width]), all);
      addGradient(x, padded.view([-1, heads * all]));
    },
  });
  return output!;
}
