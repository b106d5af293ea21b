/**
 * Linear layers. Layers that read the same input (q, k and v; gate and up) are stacked on their
 * output axis and computed as one product; the parts keep their names for adapters and files.
 */
import { customGradient, type DType, empty, linear, type Tensor } from "../tensor/index.js";
import { remembered, type Tape } from "./tape.js";

/** One of the layers in a stack: rows `start` to `start + outFeatures` of the stacked weight. */
export interface LinearPart {
  name: string;
  start: number;
  outFeatures: number;
}

/** The part of a group of sequences that a layer needs to know. */
export interface LayerGroup {
  /** Number of the group; layers that draw random numbers draw different ones for each. */
  index: number;
  /** Where outputs are noted for the backward pass, if they are. */
  tape?: Tape | undefined;
}

/** A prepared layer, ready to be applied to many inputs. */
export interface Apply {
  /** @param x [n, in] @returns [n, out] */
  (x: Tensor, group: LayerGroup): Tensor;
  /**
   * The same without a note of the output: for the last layer of a branch, whose output no
   * backward pass reads, and where the next step notes its own.
   */
  unnoted(x: Tensor, group: LayerGroup): Tensor;
  /**
   * For gradients only: a result whose values are undefined but whose backward pass is that of
   * the layer. Computing a branch again takes it where `unnoted` was taken before.
   */
  connect(x: Tensor, group: LayerGroup): Tensor;
}

/** What a layer is prepared for. */
export interface Preparation {
  /** Data type of the computation. */
  dtype: DType;
  /**
   * In a training pass, a whole number that differs for each step, micro-batch and layer and is
   * the same when the layer is computed again; null otherwise, which turns dropout off.
   */
  dropoutKey: number | null;
}

/** A stack of linear layers. */
export interface Linear {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly parts: readonly LinearPart[];
  /** Tensors that training changes, by name within the branch (`q_proj+k_proj+v_proj.weight`). */
  parameters(): Map<string, Tensor>;
  /** The dense weight [out, in] in `dtype`; the caller's to dispose. */
  weight(dtype: DType): Tensor;
  /** The bias [out], or null. */
  readonly bias: Tensor | null;
  /** Does once what is common to all inputs (casts, dequantisation). */
  prepare(preparation: Preparation): Apply;
  /** Every tensor held, to free or to count. */
  tensors(): Tensor[];
}

/** Names and sizes into parts with their offsets. */
export function stackParts(parts: readonly { name: string; outFeatures: number }[]): LinearPart[] {
  let start = 0;
  return parts.map(({ name, outFeatures }) => {
    const part = { name, start, outFeatures };
    start += outFeatures;
    return part;
  });
}

/**
 * A linear layer with a dense weight.
 *
 * @param weight [out, in], parts stacked in order; trainable where it requires a gradient
 * @param bias [out] or null
 */
export function denseLinear(
  weight: Tensor,
  bias: Tensor | null,
  parts: readonly LinearPart[],
): Linear {
  const [outFeatures = 0, inFeatures = 0] = weight.shape;
  return {
    inFeatures,
    outFeatures,
    parts,
    bias,
    parameters() {
      const parameters = new Map<string, Tensor>();
      const name = parts.map((part) => part.name).join("+");
      if (weight.requiresGrad) parameters.set(`${name}.weight`, weight);
      if (bias?.requiresGrad) parameters.set(`${name}.bias`, bias);
      return parameters;
    },
    weight: (dtype) => weight.to({ dtype }),
    prepare: ({ dtype }) => affine(weight.to({ dtype }), bias ? bias.to({ dtype }) : null),
    tensors: () => (bias ? [weight, bias] : [weight]),
  };
}

/** `x Wᵀ + b` with a backward pass that `connect` can share. */
function affine(weight: Tensor, bias: Tensor | null): Apply {
  const inputs = bias ? [weight, bias] : [weight];
  const backward = (x: Tensor) => (gradients: (Tensor | null)[]) => {
    const gradient = gradients[0] as Tensor; // [n, out]
    return [
      x.requiresGrad ? gradient.matmul(weight) : null,
      weight.requiresGrad ? gradient.transpose(0, 1).matmul(x) : null,
      ...(bias ? [bias.requiresGrad ? gradient.sum(0) : null] : []),
    ];
  };
  const run = (x: Tensor, forward: () => Tensor): Tensor =>
    customGradient(
      [x, ...inputs],
      () => ({ outputs: [forward()], saved: undefined }),
      backward(x),
    )[0]!;
  const compute = (x: Tensor) => linear(x, weight, bias);
  return Object.assign(
    (x: Tensor, { tape }: LayerGroup) => run(x, () => remembered(tape, x.dtype, () => compute(x))),
    {
      unnoted: (x: Tensor) => run(x, () => compute(x)),
      connect: (x: Tensor) => run(x, () => undefinedOutput(x, weight.size(0))),
    },
  );
}

/** Memory that nobody writes or reads: [n, out] in the dtype of `x`. */
export function undefinedOutput(x: Tensor, outFeatures: number): Tensor {
  return empty([x.size(0), outFeatures], { dtype: x.dtype, device: x.device });
}
