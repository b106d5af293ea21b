/** A model ready for passes in one data type: its weights and rotary tables, made once. */
import {
  attendWithin,
  type PreparedWeights,
  prepareWeights,
  type RotaryTables,
  rotaryTables,
  type TokenGroup,
} from "../nn/index.js";
import { type DType, embedding, type Tensor, tidy } from "../tensor/index.js";
import type { PackedSequences } from "./pack.js";
import { modelTensors } from "./parameters.js";
import type { CausalLanguageModel } from "./types.js";

export interface PreparedModel {
  model: CausalLanguageModel;
  /** Data type of the computation. */
  dtype: DType;
  weights: PreparedWeights;
  /** Bytes of the model's own tensors. */
  modelBytes: number;
  /** Null for a model without rotary positions. */
  rotary: RotaryTables | null;
  /** Frees what was prepared; the model itself stays. */
  dispose(): void;
}

/** How a model is prepared. */
export interface PrepareOptions {
  /** Data type of the computation; default: that of the weights. */
  dtype?: DType;
  /** Memory for weights that are cast or dequantized once for all passes; default: for all. */
  weightBytes?: number;
  /**
   * Whether trained weights change between passes; they are then cast for each. Where they do not,
   * prepare anew after a change.
   */
  isTraining?: boolean;
}

/** Prepares a model. Weights are made when they are first used. */
export function prepareModel(
  model: CausalLanguageModel,
  options: PrepareOptions = {},
): PreparedModel {
  const { dtype = model.dtype, isTraining = false } = options;
  const weights = prepareWeights(options.weightBytes ?? Number.POSITIVE_INFINITY, isTraining);
  const rotary = model.rotary && rotaryTables(model.rotary.parameters, model.device);
  return {
    model,
    dtype,
    weights,
    modelBytes: modelTensors(model).reduce((sum, tensor) => sum + tensor.nbytes, 0),
    rotary,
    dispose() {
      weights.dispose();
      rotary?.dispose();
    },
  };
}

/** The rotary table for texts of up to `length` tokens, in the type that the model rotates in. */
export function rotationsUpTo({ model, dtype, rotary }: PreparedModel, length: number) {
  return rotary?.upTo(length, model.rotary!.inFloat32 ? "float32" : dtype) ?? null;
}

/** Packed sequences as a group of tokens. Call within `tidy`. */
export function packedGroup(prepared: PreparedModel, sequences: PackedSequences): TokenGroup {
  const table = rotationsUpTo(prepared, sequences.longest);
  const rowsOf = (x: Tensor) => x.indexSelect(0, sequences.positions);
  return {
    index: sequences.group,
    maskRows: sequences.tokenRows,
    dtype: prepared.dtype,
    weights: prepared.weights,
    dropoutKey: null,
    rotations: table && { cos: rowsOf(table.cos), sin: rowsOf(table.sin) },
    attend: attendWithin(sequences),
  };
}

/** Rows of the embedding, in the model's data type. @param ids [n] int32 on the device @returns [n, dim] */
export function embedTokens(model: CausalLanguageModel, ids: Tensor): Tensor {
  const { dtype, embeddingAdapter, embeddingScale } = model;
  return tidy(() => {
    let rows = embedding(model.embedding.tensor, ids);
    // An embedding that is trained beside an adapter is float32 in a model of another type.
    if (rows.dtype !== dtype) rows = rows.to({ dtype });
    if (embeddingAdapter) rows = embeddingAdapter.apply(rows, ids);
    return embeddingScale === undefined ? rows : rows.mul(embeddingScale);
  });
}
