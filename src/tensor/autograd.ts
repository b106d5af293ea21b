/** Gradients: grad mode, `grad`, and functions with a backward pass of their own. */
import { ArgumentError } from "../util/errors.js";
import { describeValue } from "./describe.js";
import { handles, keywords, tensorList } from "./dispatch.js";
import { native } from "./native.js";
import { refusePromise, Tensor, tidy } from "./tensor.js";

/** Runs `body` without recording operations for gradients. */
export function noGrad<T>(body: () => T): T {
  return withGradMode(false, body);
}

/** Runs `body` while operations on tensors that require gradients are recorded. */
export function enableGrad<T>(body: () => T): T {
  return withGradMode(true, body);
}

function withGradMode<T>(enabled: boolean, body: () => T): T {
  const before = native.setGradMode(enabled);
  try {
    const result = body();
    refusePromise(enabled ? "enableGrad" : "noGrad", result, "await outside of it");
    return result;
  } finally {
    native.setGradMode(before);
  }
}

/** Options of {@link grad}, as in `torch.autograd.grad`. */
export interface GradOptions {
  /** Gradients of the outputs; default: one for scalar outputs. */
  gradOutputs?: readonly Tensor[];
  retainGraph?: boolean;
  createGraph?: boolean;
  /** Inputs that the outputs do not depend on give null instead of an error. */
  allowUnused?: boolean;
  /** Drives the engine from another thread, as devices need; for tests on the CPU. */
  onOtherThread?: boolean;
}

/** Gradients of the sum of `outputs` with respect to each of `inputs`. */
export function grad(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions & { allowUnused: true },
): (Tensor | null)[];
export function grad(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  options?: GradOptions,
): Tensor[];
export function grad(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  given?: GradOptions,
): (Tensor | null)[] {
  const options = keywords({ name: "grad" }, given);
  const results = native.grad(
    handles(outputs) as number[],
    handles(inputs) as number[],
    handles(options.gradOutputs) as number[] | undefined,
    options.retainGraph ?? false,
    options.createGraph ?? false,
    options.allowUnused ?? false,
    options.onOtherThread ?? false,
  );
  return results.map((handle) => (handle === null ? null : new Tensor(handle)));
}

/**
 * A function with a backward pass of its own, the counterpart of `torch.autograd.Function`.
 *
 * @param inputs tensors that gradients may flow to
 * @param forward runs with grad mode off; what it returns must not be an input or part of one.
 *   Tensors that `backward` needs are its closure's: `forward` returns them beside the outputs.
 * @param backward gets the gradients of the outputs (null where none arrived) and returns one for
 *   each input (null where none flows); it runs with grad mode off, and before the `tidy` around
 *   this call ends, since that frees the tensors it needs
 * @returns the outputs, connected to `inputs` where any of them requires a gradient
 */
export function customGradient<Saved>(
  inputs: readonly Tensor[],
  forward: () => { outputs: Tensor[]; saved: Saved },
  backward: (gradients: (Tensor | null)[], saved: Saved) => (Tensor | null)[],
): Tensor[] {
  tensorList("customGradient", "inputs", inputs);
  for (const [name, value] of Object.entries({ forward, backward })) {
    if (typeof value === "function") continue;
    throw new ArgumentError("customGradient", name, "a function", describeValue(value));
  }
  const recording = native.setGradMode(false);
  let result: { outputs: Tensor[]; saved: Saved };
  try {
    result = forward();
  } finally {
    native.setGradMode(recording);
  }
  tensorList("customGradient", "outputs", result?.outputs);
  if (recording && inputs.some((tensor) => tensor.requiresGrad)) {
    const replacements = native.attachBackward(
      inputs.map((tensor) => tensor.handle),
      result.outputs.map((tensor) => tensor.handle),
      (arrived) =>
        tidy(() => {
          const gradients = arrived.map((handle) => (handle === null ? null : new Tensor(handle)));
          return forReader(backward(gradients, result.saved), inputs.length);
        }),
    );
    return result.outputs.map((output, i) => {
      const replacement = replacements[i];
      return typeof replacement === "number" ? new Tensor(replacement) : output;
    });
  }
  return result.outputs;
}

/** Handles that the addon releases once it has read them, so that no gradient waits for a `tidy`. */
function forReader(gradients: unknown, count: number): (number | null)[] {
  const refuse = (expected: string, got: unknown): never => {
    throw new ArgumentError("customGradient", "backward()", expected, describeValue(got));
  };
  if (!Array.isArray(gradients) || gradients.length !== count) {
    return refuse(`a function that returns ${count} gradients, a Tensor or null each`, gradients);
  }
  const wrong = gradients.find((gradient) => gradient !== null && !(gradient instanceof Tensor));
  if (wrong !== undefined) return refuse("a function that returns Tensors and nulls", wrong);
  return gradients.map((gradient: Tensor | null) => gradient && native.share(gradient.handle));
}

/**
 * The product of a vector with the Jacobian of `compute`, by libtorch's autograd: for operations
 * that are too rare for a backward pass of their own. Its graph lives only inside this call.
 *
 * @param inputs of floating-point types
 * @param gradient of the result of `compute`
 * @returns a gradient for each input
 */
export function vjp(
  compute: (inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  gradient: Tensor,
): Tensor[] {
  return tidy(() => {
    const leaves = inputs.map((input) => input.detach().requiresGrad_());
    const output = enableGrad(() => compute(leaves));
    return grad([output], leaves, { gradOutputs: [gradient.to({ dtype: output.dtype })] });
  });
}
