/** The gated unit of Llama's feed-forward branch (Shazeer, 2020, arXiv 2002.05202). */
import { empty, mulOut, silu, siluBackwardOut } from "../tensor/index.js";
import { addGradient, operate, tensorOf, type Value } from "./record.js";

/**
 * `silu(gate) * up`.
 *
 * @param both [n, 2 * width], gate and up side by side
 * @returns [n, width]
 */
export function swiglu(both: Value): Value {
  const halves = () => {
    const tensor = tensorOf(both);
    const width = tensor.size(1) / 2;
    return { tensor, width, gate: tensor.narrow(1, 0, width), up: tensor.narrow(1, width, width) };
  };
  const [output] = operate({
    inputs: [both],
    cost: "cheap",
    compute() {
      const { gate, up } = halves();
      const activated = silu(gate);
      return [activated.mul(up), activated];
    },
    reads: [both],
    readsResults: [1],
    backward([gradient], [, activated]) {
      const { tensor, width, gate, up } = halves();
      const result = empty([...tensor.shape], { dtype: tensor.dtype, device: tensor.device });
      const byActivated = gradient!.mul(up);
      siluBackwardOut(byActivated, gate, { gradInput: result.narrow(1, 0, width) });
      mulOut(gradient!, tensorOf(activated!), { out: result.narrow(1, width, width) });
      addGradient(both, result);
    },
  });
  return output!;
}
