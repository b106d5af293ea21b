/**
 * Rotary position embeddings (Su et al., 2021, arXiv 2104.09864) and the ways to stretch them to
 * longer texts, as transformers computes them (`modeling_rope_utils.py`): in single precision.
 */
import {
  arange,
  type Device,
  type DType,
  empty,
  keep,
  mulOut,
  rotateRows,
  type Tensor,
  tensor,
  tidy,
} from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import { addGradient, constant, isPlainRows, operate, tensorOf, type Value } from "./record.js";

/** Parameters of a scaled rotary embedding, in transformers' names. */
export interface RopeScaling {
  /** `linear`, `dynamic`, `yarn`, `llama3`, `longrope`, or a name that is not computed. */
  rope_type: string;
  factor?: number;
  original_max_position_embeddings?: number;
  low_freq_factor?: number;
  high_freq_factor?: number;
  attention_factor?: number;
  beta_fast?: number;
  beta_slow?: number;
  mscale?: number;
  mscale_all_dim?: number;
  truncate?: boolean;
  /** `longrope`: a divisor for each frequency, for texts of the trained length and for longer ones. */
  short_factor?: number[];
  long_factor?: number[];
}

/** The keys of config.json that rotary embeddings read. */
export interface RopeParameters {
  rope_theta: number;
  head_dim: number;
  partial_rotary_factor: number;
  max_position_embeddings: number;
  rope_scaling: RopeScaling | null;
}

/** Positions that a model was trained on before its rotary embedding was scaled. */
export function trainedPositions({
  max_position_embeddings: written,
  rope_scaling: scaling,
}: Pick<RopeParameters, "max_position_embeddings" | "rope_scaling">): number {
  return scaling?.original_max_position_embeddings ?? written;
}

interface Frequencies {
  inverse: Float32Array;
  /** Factor on cos and sin. */
  attention: number;
}

const single = Math.fround;

/** `1 / theta^(2i / dim)`, rounded to single precision after each step as torch does. */
function defaultFrequencies(theta: number, dim: number): Float32Array {
  return Float32Array.from({ length: dim / 2 }, (_, i) =>
    single(1 / single(theta ** single((2 * i) / dim))),
  );
}

/**
 * Inverse frequencies for a sequence of `length` tokens (`dynamic` and `longrope` depend on it).
 *
 * @throws ConfigError for a type of scaling that is not supported
 */
export function ropeFrequencies(parameters: RopeParameters, length: number): Frequencies {
  const { rope_theta: theta, rope_scaling: scaling } = parameters;
  const dim = Math.floor(parameters.head_dim * parameters.partial_rotary_factor);
  const plain = defaultFrequencies(theta, dim);
  const factor = scaling?.factor ?? 1;
  switch (scaling?.rope_type ?? "default") {
    case "default":
      return { inverse: plain, attention: 1 };
    case "linear":
      return { inverse: plain.map((frequency) => frequency / factor), attention: 1 };
    case "dynamic": {
      const trained = trainedPositions(parameters);
      const longest = Math.max(length, trained);
      const stretched = theta * ((factor * longest) / trained - (factor - 1)) ** (dim / (dim - 2));
      return { inverse: defaultFrequencies(stretched, dim), attention: 1 };
    }
    case "llama3":
      return { inverse: llama3Frequencies(plain, scaling!), attention: 1 };
    case "yarn":
      return yarnFrequencies(parameters, dim);
    case "longrope":
      return longropeFrequencies(parameters, dim, length);
    default:
      throw new ConfigError(`RoPE scaling "${scaling?.rope_type}" is not supported`, {
        why: "supported are default, linear, dynamic, llama3, yarn and longrope",
      });
  }
}

/** Llama 3.1: long wavelengths are stretched, short ones kept, those between blended. */
function llama3Frequencies(
  plain: Float32Array,
  scaling: NonNullable<RopeParameters["rope_scaling"]>,
): Float32Array {
  const { factor = 1, low_freq_factor: low = 1, high_freq_factor: high = 4 } = scaling;
  const trained = scaling.original_max_position_embeddings ?? 8192;
  return plain.map((frequency) => {
    const wavelength = (2 * Math.PI) / frequency;
    if (wavelength > trained / low) return frequency / factor;
    if (wavelength < trained / high) return frequency;
    const smooth = (trained / wavelength - low) / (high - low);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

/** YaRN's factor on cos and sin, or on scores, of texts `scale` times as long. */
export function yarnMagnitude(scale: number, mscale = 1): number {
  return scale <= 1 ? 1 : 0.1 * mscale * Math.log(scale) + 1;
}

/** YaRN (Peng et al., 2023, arXiv 2309.00071): interpolate slow dimensions, keep fast ones. */
function yarnFrequencies(parameters: RopeParameters, dim: number): Frequencies {
  const scaling = parameters.rope_scaling!;
  const theta = parameters.rope_theta;
  const trained = trainedPositions(parameters);
  const factor = scaling.factor ?? parameters.max_position_embeddings / trained;
  const attention =
    scaling.attention_factor ??
    (scaling.mscale && scaling.mscale_all_dim
      ? yarnMagnitude(factor, scaling.mscale) / yarnMagnitude(factor, scaling.mscale_all_dim)
      : yarnMagnitude(factor));
  const dimensionOf = (rotations: number) =>
    (dim * Math.log(trained / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const truncate = scaling.truncate ?? true;
  const low = dimensionOf(scaling.beta_fast ?? 32);
  const high = dimensionOf(scaling.beta_slow ?? 1);
  const first = Math.max(truncate ? Math.floor(low) : low, 0);
  let last = Math.min(truncate ? Math.ceil(high) : high, dim - 1);
  if (first === last) last += 0.001;
  const inverse = Float32Array.from({ length: dim / 2 }, (_, i) => {
    const power = single(theta ** single((2 * i) / dim));
    const kept = 1 - Math.min(Math.max(single((i - first) / (last - first)), 0), 1);
    return single(1 / single(factor * power)) * (1 - kept) + single(1 / power) * kept;
  });
  return { inverse, attention };
}

/**
 * LongRoPE (Ding et al., 2024, arXiv 2402.13753): a divisor of its own for each frequency, and a
 * second set of them for texts longer than what the model was first trained on.
 */
function longropeFrequencies(parameters: RopeParameters, dim: number, length: number): Frequencies {
  const { rope_theta: theta, max_position_embeddings: longest } = parameters;
  const scaling = parameters.rope_scaling!;
  const trained = trainedPositions(parameters);
  const key = length > trained ? "long_factor" : "short_factor";
  const divisors = scaling[key] ?? [];
  if (divisors.length !== dim / 2) {
    throw new ConfigError(
      `${key} has ${divisors.length} numbers, the heads rotate ${dim / 2} pairs`,
      {
        todo: "check rope_scaling and partial_rotary_factor in config.json",
      },
    );
  }
  const factor = scaling.factor ?? longest / trained;
  const attention =
    scaling.attention_factor ??
    (factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(trained)));
  const inverse = Float32Array.from({ length: dim / 2 }, (_, i) => {
    const power = single(theta ** single((2 * i) / dim));
    return single(1 / single(single(divisors[i]!) * power));
  });
  return { inverse, attention };
}

/**
 * What the rotations of a sequence depend on beside positions: sequences for which this is the same
 * number share their rotations.
 *
 * @param length its tokens
 */
export function rotationRegime(parameters: RopeParameters, length: number): number {
  const trained = trainedPositions(parameters);
  switch (parameters.rope_scaling?.rope_type) {
    case "dynamic":
      return Math.max(length, trained);
    case "longrope":
      return length > trained ? 1 : 0;
    default:
      return 0;
  }
}

/** Cosine and sine for each position, [positions, 1, headDim / 2] each. */
export interface RotaryTable {
  cos: Tensor;
  sin: Tensor;
}

/**
 * The table for positions 0 to `count - 1`, computed in float32 and rounded once.
 *
 * @param length tokens of the longest sequence, for scalings that depend on it
 * @returns the caller's to dispose
 */
export function rotaryTable(
  parameters: RopeParameters,
  count: number,
  length: number,
  dtype: DType,
  device: Device,
): RotaryTable {
  const { inverse, attention } = ropeFrequencies(parameters, length);
  return tidy(() => {
    const positions = arange(0, count, 1, { dtype: "float32", device }).view([count, 1, 1]);
    const angles = positions.mul(tensor(inverse).to({ device })); // [count, 1, headDim / 2]
    return {
      cos: angles.cos().mul(attention).to({ dtype }),
      sin: angles.sin().mul(attention).to({ dtype }),
    };
  });
}

/** Rotary tables of a model: each is made once, and grows with the longest sequence. */
export interface RotaryTables {
  parameters: RopeParameters;
  /**
   * A table of at least `length` positions, which stays the tables'.
   *
   * @param length tokens of the longest sequence
   */
  upTo(length: number, dtype: DType): RotaryTable;
  dispose(): void;
}

/** Positions by which a table grows at least. */
const GROWTH = 1024;

export function rotaryTables(parameters: RopeParameters, device: Device): RotaryTables {
  // With dynamic scaling, every length beyond the trained one has rotations of its own, which are
  // not kept beside each other; longrope has two sets.
  const isDynamic = parameters.rope_scaling?.rope_type === "dynamic";
  const trained = trainedPositions(parameters);
  const made = new Map<string, { table: RotaryTable; length: number }>();
  const drop = ({ table }: { table: RotaryTable }) => {
    table.cos.dispose();
    table.sin.dispose();
  };
  return {
    parameters,
    upTo(length, dtype) {
      const wanted = isDynamic ? Math.max(length, trained) : length;
      const key = isDynamic ? dtype : `${dtype} ${rotationRegime(parameters, length)}`;
      const found = made.get(key);
      if (found && (isDynamic ? found.length === wanted : found.length >= wanted)) {
        return found.table;
      }
      if (found) drop(found);
      const count = isDynamic ? wanted : Math.ceil((wanted * 1.25) / GROWTH) * GROWTH;
      const { cos, sin } = tidy(() => rotaryTable(parameters, count, wanted, dtype, device));
      const table = { cos: keep(cos), sin: keep(sin) };
      made.set(key, { table, length: count });
      return table;
    },
    dispose() {
      for (const one of made.values()) drop(one);
      made.clear();
    },
  };
}

/** Which dimensions are paired: i with i + half of them ("rotate half"), or 2i with 2i + 1. */
export type RotaryPairs = "halves" | "neighbours";

/**
 * Rotates heads by their positions. Dimensions beyond the table's stay as they are. A table of a
 * wider type than x is rotated with in that type.
 *
 * @param x [n, heads, headDim]
 * @param table rows of the tokens of x, [n, 1, half] each
 * @returns [n, heads, headDim] in the type of x
 */
export function rotary(x: Value, table: RotaryTable, pairs: RotaryPairs = "halves"): Value {
  if (isPlainRows(x) && table.cos.dtype === "float32") {
    return constant(rotateRows(x.tensor!, table.cos, table.sin, pairs === "neighbours"), true);
  }
  const [output] = operate({
    inputs: [x],
    cost: "cheap",
    compute: () => [rotate(tensorOf(x), table, pairs, 1)],
    backward([gradient]) {
      addGradient(x, rotate(gradient!, table, pairs, -1));
    },
  });
  return output!;
}

function rotate(
  x: Tensor,
  { cos, sin }: RotaryTable,
  pairs: RotaryPairs,
  direction: 1 | -1,
): Tensor {
  if (cos.dtype !== x.dtype) {
    const wide = x.to({ dtype: cos.dtype });
    return rotate(wide, { cos, sin }, pairs, direction).to({ dtype: x.dtype });
  }
  const half = cos.size(-1);
  const left = x.size(-1) - 2 * half;
  const result = empty([...x.shape], { dtype: x.dtype, device: x.device });
  const parts = (tensor: Tensor): [Tensor, Tensor] =>
    pairs === "halves"
      ? [tensor.narrow(-1, 0, half), tensor.narrow(-1, half, half)]
      : [tensor.slice(-1, 0, 2 * half, 2), tensor.slice(-1, 1, 2 * half, 2)];
  const [first, second] = parts(x);
  const [firstResult, secondResult] = parts(result);
  mulOut(first, cos, { out: firstResult }).addcmul_(second, sin, { value: -direction });
  mulOut(second, cos, { out: secondResult }).addcmul_(first, sin, { value: direction });
  if (left > 0) result.narrow(-1, 2 * half, left).copy_(x.narrow(-1, 2 * half, left));
  return result;
}
