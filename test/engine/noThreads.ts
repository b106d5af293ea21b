/**
 * A process in which no thread can be started while NO_THREADS is set (see autograd.test.ts): what
 * gradients that need a thread do then, and afterwards.
 */
import { customGradient, grad, setThreads, type Tensor, tensor } from "../../src/tensor/index.js";

setThreads(1);

function square(x: Tensor): Tensor {
  const [y] = customGradient(
    [x],
    () => ({ outputs: [x.mul(x)], saved: null }),
    ([gradient]) => [x.mul(2).mul(gradient!)],
  );
  return y!.sum(null);
}

/** The gradient, or what was thrown. */
function outcome(onOtherThread: boolean): string {
  const x = tensor([3]).requiresGrad_();
  try {
    return String(grad([square(x)], [x], { onOtherThread })[0]!.item());
  } catch (error) {
    return (error as Error).name;
  }
}

const said = [outcome(true)];
process.env.NO_THREADS = "1";
said.push(outcome(true), outcome(true), outcome(false));
delete process.env.NO_THREADS;
said.push(outcome(true));
process.stdout.write(said.join(" "));
