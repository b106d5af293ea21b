/** Parameters of a model, and their copies in the data type of the computation. */
import { bytesPerElement, type DType, keep, type Tensor, tidy } from "../tensor/index.js";

/** A tensor that training may change. */
export interface Parameter {
  /** Name in gradients, optimizer states and messages: Hugging Face's, parts joined with `+`. */
  readonly name: string;
  tensor: Tensor;
  /** Whether training changes it. */
  trainable: boolean;
}

/** A parameter that is frozen until somebody trains it. */
export function parameter(name: string, tensor: Tensor): Parameter {
  return { name, tensor, trainable: false };
}

/**
 * Weights in the data type of the computation. Those of a branch are cast, dequantized or gathered
 * once for all token groups that pass through it, and freed by {@link close}; frozen ones stay
 * where memory allows, so that no later pass prepares them again.
 */
export interface PreparedWeights {
  /** A parameter in `dtype`: the tensor itself where it has that type, else a copy. */
  cast(source: Parameter, dtype: DType): Tensor;
  /**
   * A weight that takes work to make.
   *
   * @param owner whose weight it is; with `dtype` the key
   * @param frozen false for one that training changes
   */
  make(owner: object, dtype: DType, frozen: boolean, compute: () => Tensor): Tensor;
  /** Whether trained weights change while these live. */
  readonly isTraining: boolean;
  /** Frees what does not stay. */
  close(): void;
  /** Frees what stays, and has nothing stay any more. @returns whether anything did */
  letNothingStay(): boolean;
  /** Bytes that were ever prepared without staying. */
  readonly passingBytes: number;
  /** Bytes of what stays. */
  readonly stayingBytes: number;
  /** Frees everything. */
  dispose(): void;
}

/**
 * @param stayBytes memory for weights that stay
 * @param isTraining whether trained weights change while these live, so that they must not stay
 */
export function prepareWeights(stayBytes: number, isTraining: boolean): PreparedWeights {
  const staying = new Map<object, Map<DType, Tensor>>();
  const passing = new Map<object, Map<DType, Tensor>>();
  let left = stayBytes;
  let stayed = 0;
  let passingBytes = 0;
  const make: PreparedWeights["make"] = (owner, dtype, frozen, compute) => {
    const found = staying.get(owner)?.get(dtype) ?? passing.get(owner)?.get(dtype);
    if (found) return found;
    const made = keep(tidy(compute));
    const bytes = made.numel * bytesPerElement[dtype];
    const stays = (frozen || !isTraining) && bytes <= left;
    if (stays) {
      left -= bytes;
      stayed += bytes;
    } else passingBytes += bytes;
    const place = stays ? staying : passing;
    if (!place.has(owner)) place.set(owner, new Map());
    place.get(owner)!.set(dtype, made);
    return made;
  };
  const clear = (place: Map<object, Map<DType, Tensor>>) => {
    for (const types of place.values()) for (const tensor of types.values()) tensor.dispose();
    place.clear();
  };
  return {
    make,
    isTraining,
    cast: (source, dtype) =>
      source.tensor.dtype === dtype
        ? source.tensor
        : make(source, dtype, !source.trainable, () => source.tensor.to({ dtype })),
    close: () => clear(passing),
    letNothingStay() {
      const stayed = staying.size > 0;
      clear(staying);
      left = 0;
      return stayed;
    },
    get passingBytes() {
      return passingBytes;
    },
    get stayingBytes() {
      return stayed;
    },
    dispose() {
      clear(staying);
      clear(passing);
      left = stayBytes;
      stayed = 0;
    },
  };
}
