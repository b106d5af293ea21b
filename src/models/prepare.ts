/** A model ready for passes in one data type: its weights and rotary tables, made once. */
import {
  attendWithin,
  type PreparedWeights,
  type ProductGroup,
  prepareWeights,
  type RopeParameters,
  type RotaryTable,
  type RotaryTables,
  rotaryTables,
  rotationRegime,
  type TokenGroup,
} from "../nn/index.js";
import { cat, type DType, embedding, type Tensor, tidy } from "../tensor/index.js";
import { shareOfRoom } from "../util/memoryLimits.js";
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
  /** Those of layers that rotate by parameters of their own; null where all rotate alike. */
  localRotary: RotaryTables | null;
  /** Frees what was prepared; the model itself stays. */
  dispose(): void;
}

/** How a model is prepared. */
export interface PrepareOptions {
  /** Data type of the computation; default: that of the weights. */
  dtype?: DType;
  /**
   * Memory for weights that are cast or dequantized once for all passes; default: for all, or a quarter
   * of what is free for a model whose weights stay as stored.
   */
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
  const weights = prepareWeights(options.weightBytes ?? defaultWeightBytes(model), isTraining);
  const tablesOf = (parameters: RopeParameters | undefined) =>
    parameters ? rotaryTables(parameters, model.device) : null;
  const rotary = tablesOf(model.rotary?.parameters);
  const localRotary = tablesOf(model.rotary?.local);
  return {
    model,
    dtype,
    weights,
    modelBytes: modelTensors(model).reduce((sum, tensor) => sum + tensor.nbytes, 0),
    rotary,
    localRotary,
    dispose() {
      weights.dispose();
      rotary?.dispose();
      localRotary?.dispose();
    },
  };
}

/** Who keeps weights as stored may not have the memory for float32 copies of all. */
function defaultWeightBytes({ storedTypes }: CausalLanguageModel): number {
  const all = Number.POSITIVE_INFINITY;
  return storedTypes ? shareOfRoom(all) / 2 : all;
}

/**
 * The rotations of a group's tokens, in the type that the model rotates in.
 *
 * @param rowsOf the rows of its tokens from one of the model's tables
 */
export function rotationsOf(
  { model, dtype, rotary, localRotary }: PreparedModel,
  rowsOf: (tables: RotaryTables, dtype: DType) => RotaryTable,
): Pick<TokenGroup, "rotations" | "localRotations"> {
  const type = model.rotary?.inFloat32 ? "float32" : dtype;
  return {
    rotations: rotary && rowsOf(rotary, type),
    localRotations: localRotary && rowsOf(localRotary, type),
  };
}

/** What products of tokens need to know where nothing is trained. */
export function productsOf({ dtype, weights }: PreparedModel): ProductGroup {
  return { index: 0, dtype, weights, dropoutKey: null };
}

/** Packed sequences as a group of tokens. Call within `tidy`. */
export function packedGroup(prepared: PreparedModel, sequences: PackedSequences): TokenGroup {
  return {
    ...productsOf(prepared),
    index: sequences.group,
    maskRows: sequences.tokenRows,
    ...rotationsOf(prepared, (tables, dtype) => packedRotations(tables, dtype, sequences)),
    attend: attendWithin(sequences),
  };
}

/** Where rotations depend on the length of a text, each sequence has those of its own. */
function packedRotations(
  tables: RotaryTables,
  dtype: DType,
  { lengths, longest, positions }: PackedSequences,
): RotaryTable {
  const regimes = new Set(lengths.map((length) => rotationRegime(tables.parameters, length)));
  if (regimes.size === 1) {
    const { cos, sin } = tables.upTo(longest, dtype);
    return { cos: cos.indexSelect(0, positions), sin: sin.indexSelect(0, positions) };
  }
  const parts = lengths.map((length) => {
    const { cos, sin } = tables.upTo(length, dtype);
    return { cos: cos.narrow(0, 0, length), sin: sin.narrow(0, 0, length) };
  });
  return { cos: cat(parts.map(({ cos }) => cos)), sin: cat(parts.map(({ sin }) => sin)) };
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
