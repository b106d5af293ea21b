/** The gated units of feed-forward branches (Shazeer, 2020, arXiv 2002.05202). */
import {
  empty,
  geluBackwardOut,
  gelu as geluOf,
  mulOut,
  silu,
  siluBackwardOut,
  swigluRows,
  type Tensor,
} from "../tensor/index.js";
import { addGradient, constant, isPlainRows, operate, tensorOf, type Value } from "./record.js";

/** An activation and its gradient. */
interface Activation {
  of(x: Tensor): Tensor;
  /** Writes the gradient by x into `result`. */
  backward(gradient: Tensor, x: Tensor, result: Tensor): void;
}

const siluActivation: Activation = {
  of: silu,
  backward: (gradient, x, result) => siluBackwardOut(gradient, x, { gradInput: result }),
};

const tanh = { approximate: "tanh" };

const geluActivation: Activation = {
  of: (x) => geluOf(x, tanh),
  backward: (gradient, x, result) => geluBackwardOut(gradient, x, { ...tanh, gradInput: result }),
};

/**
 * Llama's: `silu(gate) * up`.
 *
 * @param both [n, 2 * width], gate and up side by side
 * @returns [n, width]
 */
export function swiglu(both: Value): Value {
  if (isPlainRows(both)) return constant(swigluRows(both.tensor!), true);
  return gated(both, siluActivation);
}

/**
 * Gemma's: `gelu(gate) * up`, with the approximation of GELU by tanh.
 *
 * @param both [n, 2 * width], gate and up side by side
 * @returns [n, width]
 */
export function geglu(both: Value): Value {
  return gated(both, geluActivation);
}

function gated(both: Value, activation: Activation): Value {
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
      const activated = activation.of(gate);
      return [activated.mul(up), activated];
    },
    reads: [both],
    readsResults: [1],
    backward([gradient], [, activated]) {
      const { tensor, width, gate, up } = halves();
      const result = empty([...tensor.shape], { dtype: tensor.dtype, device: tensor.device });
      const byActivated = gradient!.mul(up);
      activation.backward(byActivated, gate, result.narrow(1, 0, width));
      mulOut(gradient!, tensorOf(activated!), { out: result.narrow(1, width, width) });
      addGradient(both, result);
    },
  });
  return output!;
}
