/**
 * Gradients of all trained parameters in one flat buffer, so that zeroing, clipping and a collective
 * are one call each; every parameter has its view of it.
 */
import { type CausalLanguageModel, trainableParameters } from "../models/index.js";
import { dispose, linalgVectorNorm, noGrad, type Tensor, tidy, zeros } from "../tensor/index.js";

export interface Gradients {
  /** [total] float32; zero where no parameter lies. */
  readonly flat: Tensor;
  /** Parts of `flat` in the shapes of the parameters, by the parameters' names. */
  readonly views: ReadonlyMap<string, Tensor>;
}

/** Elements whose squares are summed together; the buffer is a multiple of it. */
const ROW = 4096;

/** Every view begins at a multiple of as many elements: 128 bytes, as kernels like their data. */
const ALIGNMENT = 32;

/** Zero gradients for every trainable parameter of a model; {@link disposeGradients} frees them. */
export function createGradients(model: CausalLanguageModel): Gradients {
  return gradientsOf(trainableParameters(model), model.device);
}

/** Zero gradients for parameters by name. */
export function gradientsOf(
  parameters: ReadonlyMap<string, Pick<Tensor, "shape" | "numel">>,
  device: Tensor["device"],
): Gradients {
  const roundUp = (count: number, unit: number) => Math.ceil(count / unit) * unit;
  let total = 0;
  const starts = [...parameters.values()].map(({ numel }) => {
    const start = total;
    total += roundUp(numel, ALIGNMENT);
    return start;
  });
  return noGrad(() =>
    tidy(() => {
      const flat = zeros([roundUp(total, ROW)], { dtype: "float32", device });
      const views = [...parameters].map(([name, { shape, numel }], i) => {
        return [name, flat.narrow(0, starts[i]!, numel).view([...shape])] as const;
      });
      return { flat, views: new Map(views) };
    }),
  );
}

/**
 * Norm of all gradients. It is taken row by row: a float32 sum over 10^8 squares at once is off by
 * a percent.
 *
 * @returns a float32 scalar on the gradients' device
 */
export function gradientNorm({ flat }: Gradients): Tensor {
  return linalgVectorNorm(linalgVectorNorm(flat.view([-1, ROW]), 2, [1]));
}

export function disposeGradients({ flat, views }: Gradients): void {
  dispose(views);
  flat.dispose();
}
