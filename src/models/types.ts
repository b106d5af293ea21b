/** What describes a model: its parts, their names and shapes. Generic code knows no more. */
import type {
  GgufField,
  KeyReader,
  StoredBlocks,
  StoredFourBit,
  WeightReader,
} from "../format/index.js";
import type {
  AttentionOptions,
  Branch,
  Linear,
  Parameter,
  ProductGroup,
  RopeParameters,
  StoredRows,
  Value,
} from "../nn/index.js";
import type { Device, DType, Tensor } from "../tensor/index.js";
import type { ModelConfig } from "./config.js";

/** The heads of an attention branch. */
export interface AttentionShape {
  heads: number;
  keyHeads: number;
  headDim: number;
  /** Width of a head's values; default: that of its keys. */
  valueDim?: number;
  options: AttentionOptions;
}

/** Experts of a branch: linear layers of which each token goes through some. */
export interface ExpertShape {
  count: number;
  /** Experts that each token goes through. */
  perToken: number;
  /** Which of the branch's linear layers are theirs. */
  roles: ReadonlySet<string>;
}

/** A residual branch with linear layers that adapters may wrap or quantization replace. */
export interface ModelBranch extends Branch {
  /** Name of its module, such as `model.layers.0.mlp`. */
  name: string;
  /** Index of the layer it belongs to. */
  layer: number;
  norms: readonly Parameter[];
  /** Its linear layers by role; replacing an entry replaces the layer. */
  linears: Record<string, Linear>;
  /** Null for a branch without attention. */
  attention: AttentionShape | null;
  /** What chooses the experts of a token, [experts, dim]; it is never adapted nor quantized. */
  router?: Parameter;
  experts?: ExpertShape;
}

/** What an adapter makes of the rows of the embedding. */
export interface EmbeddingAdapter {
  parameters(): Parameter[];
  /** Every tensor that it holds, to free or to count. */
  tensors(): Tensor[];
  /** @param rows [n, dim] of the embedding @param ids [n] int32 @returns [n, dim] */
  apply(rows: Tensor, ids: Tensor): Tensor;
  /**
   * Adds to the gradients of its parameters.
   *
   * @param gradients sums by name, float32
   * @param byRows the gradient by what {@link apply} gave, [n, dim] float32
   */
  addGradients(gradients: ReadonlyMap<string, Tensor>, ids: Tensor, byRows: Tensor): void;
}

/** What an adapter makes of the product of the output head. */
export interface HeadAdapter {
  parameters(): Parameter[];
  /** Every tensor that it holds beside the head's weight. */
  tensors(): Tensor[];
  /** Writes what it makes of the head's weight into a copy of it. @param weight [vocab, dim] */
  mergeInto(weight: Tensor): void;
  /** The adapter of the embedding whose rows it puts into the head too, if it does nothing else. */
  sharedWith?: EmbeddingAdapter | undefined;
  /** In place of the product. @param hidden [m, dim] @returns logits [m, vocab] */
  apply(hidden: Value, group: ProductGroup): Value;
}

/** The weight of an output head as its file has it. */
export interface StoredHead {
  rows: readonly StoredRows[];
  /** Whether the tensors are another model's. */
  isShared: boolean;
}

/** From the last hidden states to logits. */
export interface OutputHead {
  /** Name of its module, whether it has a weight of its own or not. */
  name: string;
  /** The norm before it. @param x [n, dim] */
  norm(x: Value): Value;
  norms: readonly Parameter[];
  /** [vocab, dim]; the embedding itself where they are tied. */
  weight: Parameter;
  /** The same weight as its file has it, for products of a few rows. */
  stored?: StoredHead | undefined;
  /** Whether rows of the weight are divided by their norm first (NormHead). */
  normalizesRows: boolean;
  /** Whether that was done when the weight was loaded. */
  isNormalized?: boolean | undefined;
  softCap?: number | undefined;
  adapter?: HeadAdapter | undefined;
}

/** How a model rotates. */
export interface RotaryPositions {
  parameters: RopeParameters;
  /** Parameters in layers that say so; absent where all layers rotate alike. */
  local?: RopeParameters;
  /** Whether in float32, whatever the type of the computation. */
  inFloat32: boolean;
}

/** A causal language model. */
export interface CausalLanguageModel {
  config: ModelConfig;
  /** Data type of the weights and of the residual stream. */
  dtype: DType;
  device: Device;
  /** [vocab, dim] */
  embedding: Parameter;
  /** Factor on embedded tokens. */
  embeddingScale?: number | undefined;
  embeddingAdapter?: EmbeddingAdapter | undefined;
  branches: ModelBranch[];
  output: OutputHead;
  /** Rotary positions; null for a model without. */
  rotary: RotaryPositions | null;
  /** Types of weights that stay in memory as the file has them, for products of a few rows. */
  storedTypes?: readonly string[];
}

/** How a family's models lie in GGUF files. */
export interface GgufLayout {
  /** `general.architecture` */
  architecture: string;
  /** Name of transformers' class, which GGUF files do not hold. */
  className: string;
  /** Hugging Face's name for each GGUF name, without `.weight`; `N` stands for the layer. */
  names: Readonly<Record<string, string>>;
  /** Whether rows of q and k are stored in the order of llama.cpp's rotary embedding. */
  interleavesHeads: boolean;
  /** GGUF names of the parts of weights that Hugging Face's files have in one. */
  split?: Readonly<Record<string, readonly string[]>>;
  /**
   * Whether the rows of such a weight follow each other by key heads: the query heads that share one,
   * its keys, its values. Otherwise part follows part.
   */
  splitsByGroups?: boolean;
  /** What the weights of norms are more than in Hugging Face's files. */
  normOffset?: number;
  /** Short vectors that {@link configure} reads. */
  vectors?: readonly string[];
  /** A metadata key, without the architecture, by which the family is told from others of the same. */
  mark?: string;
  /** Whether llama.cpp computes the windows of such models. */
  hasWindows?: boolean;
  /** What config.json of such a model says otherwise than the metadata alone would make it. */
  configure?(raw: Record<string, unknown>, facts: GgufFacts): Record<string, unknown>;
  /**
   * The way back of {@link configure}: what a file has beside the metadata of all.
   *
   * @throws ConfigError for what llama.cpp computes otherwise
   */
  own?(config: ModelConfig): GgufOwn;
}

/** What files of an architecture have beside what all have. */
export interface GgufOwn {
  /** Metadata, by keys without the architecture. */
  fields?: Readonly<Record<string, GgufField>>;
  /** Short vectors by the names of their tensors. */
  vectors?: Readonly<Record<string, Float32Array>>;
}

/** The rotary parameters that every GGUF file has. */
export interface GgufRope {
  rope_type: string;
  rope_theta: number;
  partial_rotary_factor?: number;
}

/** What a family may ask a GGUF file for. */
export interface GgufFacts {
  /** The metadata of its architecture, by keys without its name. */
  keys: KeyReader;
  /** Whether the file has a tensor. */
  has(tensor: string): boolean;
  /** The values of a short vector; undefined where the file has none. */
  vector(tensor: string): Float32Array | undefined;
}

/** A model family: everything that is particular to one `model_type`. */
export interface ModelFamily {
  /**
   * A parsed config.json with the family's defaults.
   *
   * @param where the file, for messages
   * @throws FormatError naming a key that is missing or wrong
   */
  configure(raw: Record<string, unknown>, where: string): ModelConfig;
  /** What its files call keys of config.json that others name as {@link ModelConfig} does. */
  keys?: Readonly<Partial<Record<keyof ModelConfig, string>>>;
  /**
   * Whether models of this configuration can be computed.
   *
   * @throws ConfigError saying what is not supported.
   */
  check(config: ModelConfig): void;
  /** The model, with weights from `read` by Hugging Face's names. */
  build(config: ModelConfig, read: ModelReader): CausalLanguageModel;
  /** How files are read, and written where {@link ggufLayout} does not say otherwise. */
  gguf: GgufLayout | null;
  /**
   * Makes a Llama with the same logits of a dense model, in place; absent for families of which that
   * cannot be made.
   *
   * @returns names of new weights, with those that they are cut from
   * @throws ConfigError where this configuration has what Llama has not
   */
  asLlama?(model: CausalLanguageModel): ReadonlyMap<string, string>;
  /** How files of this configuration are written. @throws ConfigError where llama.cpp has no way */
  ggufLayout?(config: ModelConfig): GgufLayout;
}

/** Gives the weights of a model that is being built. */
export interface ModelReader {
  dtype: DType;
  device: Device;
  has(name: string): boolean;
  /** Says that the model does without a weight that files may hold. */
  leaveOut(name: string): void;
  /** One weight, checked against its expected shape. @param name with `.weight` */
  parameter(name: string, shape: readonly number[]): Parameter;
  /**
   * Linear layers that read the same input as one stack, with the biases that the file has.
   *
   * @param prefix their module
   * @param outFeatures output sizes by name within the module
   * @param hasBias whether the configuration says that there are biases
   */
  stack(
    prefix: string,
    outFeatures: Record<string, number>,
    inFeatures: number,
    hasBias?: boolean,
  ): Linear;
}

/** A model's weights and configuration, from a directory or a GGUF file. */
export interface ModelSource extends WeightReader {
  readonly kind: "directory" | "gguf";
  readonly config: ModelConfig;
  /** A weight as bitsandbytes stored it in 4 bits; undefined for others. */
  fourBit?(name: string): StoredFourBit | undefined;
  /** The blocks of a weight's rows, one tensor below the other; undefined for one without blocks. */
  blocks?(name: string): StoredBlocks[] | undefined;
}
