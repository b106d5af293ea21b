/** The gated unit of Llama's feed-forward branch (Shazeer, 2020, arXiv 2002.05202). */
import {
  customGradient,
  empty,
  mulOut,
  silu,
  siluBackwardOut,
  type Tensor,
  tidy,
} from "../tensor/index.js";

/**
 * `silu(gate) * up`.
 *
 * @param both [n, 2 * width], gate and up side by side
 * @returns [n, width]
 */
export function swiglu(both: Tensor): Tensor {
  const width = both.size(1) / 2;
  const gate = () => both.narrow(1, 0, width);
  const up = () => both.narrow(1, width, width);
  const [output] = customGradient(
    [both],
    () => {
      const activated = silu(gate());
      // Nobody asks for gradients of the first pass; the second keeps what its backward pass needs.
      if (!both.requiresGrad) return { outputs: [activated.mul_(up())], saved: null };
      return { outputs: [activated.mul(up())], saved: activated };
    },
    ([gradient], activated) => {
      const result = empty([...both.shape], { dtype: both.dtype, device: both.device });
      tidy(() => {
        const byActivated = gradient!.mul(up());
        siluBackwardOut(byActivated, gate(), { gradInput: result.narrow(1, 0, width) });
        mulOut(gradient!, activated!, { out: result.narrow(1, width, width) });
      });
      return [result];
    },
  );
  return output as Tensor;
}
