/**
 * Rotary position embeddings (Su et al., 2021, arXiv 2104.09864) and the ways to stretch them to
 * longer texts, as transformers computes them (`modeling_rope_utils.py`): in single precision.
 */
import {
  customGradient,
  type Device,
  type DType,
  empty,
  mulOut,
  type Tensor,
  tensor,
  tidy,
} from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import { remembered, type Tape } from "./tape.js";

/** The keys of config.json that rotary embeddings read. */
export interface RopeParameters {
  rope_theta: number;
  head_dim: number;
  partial_rotary_factor: number;
  max_position_embeddings: number;
  rope_scaling: {
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
  } | null;
}

/** Rotation for each position: cos and sin, [n, 1, headDim / 2] each. */
export interface RopeTable {
  cos: Tensor;
  sin: Tensor;
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
 * Inverse frequencies for a sequence of `length` tokens (only `dynamic` depends on it).
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
      const trained =
        scaling?.original_max_position_embeddings ?? parameters.max_position_embeddings;
      const longest = Math.max(length, trained);
      const stretched = theta * ((factor * longest) / trained - (factor - 1)) ** (dim / (dim - 2));
      return { inverse: defaultFrequencies(stretched, dim), attention: 1 };
    }
    case "llama3":
      return { inverse: llama3Frequencies(plain, scaling!), attention: 1 };
    case "yarn":
      return yarnFrequencies(parameters, dim);
    default:
      throw new ConfigError(`RoPE scaling "${scaling?.rope_type}" is not supported`, {
        why: "supported are default, linear, dynamic, llama3 and yarn",
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

/** YaRN (Peng et al., 2023, arXiv 2309.00071): interpolate slow dimensions, keep fast ones. */
function yarnFrequencies(parameters: RopeParameters, dim: number): Frequencies {
  const scaling = parameters.rope_scaling!;
  const theta = parameters.rope_theta;
  const trained = scaling.original_max_position_embeddings ?? parameters.max_position_embeddings;
  const factor = scaling.factor ?? parameters.max_position_embeddings / trained;
  const magnitude = (scale: number, mscale = 1) =>
    scale <= 1 ? 1 : 0.1 * mscale * Math.log(scale) + 1;
  const attention =
    scaling.attention_factor ??
    (scaling.mscale && scaling.mscale_all_dim
      ? magnitude(factor, scaling.mscale) / magnitude(factor, scaling.mscale_all_dim)
      : magnitude(factor));
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
 * Rotations for tokens at `positions`.
 *
 * @param length tokens of the longest sequence among them
 */
export function ropeTable(
  parameters: RopeParameters,
  positions: ArrayLike<number>,
  length: number,
  dtype: DType,
  device: Device = "cpu",
): RopeTable {
  const { inverse, attention } = ropeFrequencies(parameters, length);
  const half = inverse.length;
  const cos = new Float32Array(positions.length * half);
  const sin = new Float32Array(positions.length * half);
  for (let row = 0; row < positions.length; row++) {
    for (let i = 0; i < half; i++) {
      const angle = single((positions[row] as number) * (inverse[i] as number));
      cos[row * half + i] = single(Math.cos(angle)) * attention;
      sin[row * half + i] = single(Math.sin(angle)) * attention;
    }
  }
  const shape = [positions.length, 1, half];
  return {
    cos: tensor(cos, shape).to({ dtype, device }),
    sin: tensor(sin, shape).to({ dtype, device }),
  };
}

/**
 * Queries, keys and values out of their common product, the first two rotated by their positions:
 * dimension i is paired with i + half ("rotate half"). One region for autograd, which rotates the
 * gradients back and lets them meet in one buffer.
 *
 * @param mixed [n, (heads + 2 * keyHeads) * headDim]; not read where the tape has the results
 * @param tape where the results are noted, or read back
 * @returns q [n, heads, headDim], k and v [n, keyHeads, headDim]
 */
export function rotatedHeads(
  mixed: Tensor,
  table: RopeTable,
  heads: number,
  keyHeads: number,
  tape?: Tape,
): [q: Tensor, k: Tensor, v: Tensor] {
  const all = heads + 2 * keyHeads;
  const headDim = mixed.size(1) / all;
  const shape = [mixed.size(0), all, headDim];
  const queriesOf = (x: Tensor) => x.narrow(1, 0, heads);
  const keysOf = (x: Tensor) => x.narrow(1, heads, keyHeads);
  const valuesOf = (x: Tensor) => x.narrow(1, heads + keyHeads, keyHeads);
  return customGradient(
    [mixed],
    () => {
      const perHead = mixed.view(shape);
      const rotated = remembered(tape, mixed.dtype, () =>
        rotate(perHead.narrow(1, 0, heads + keyHeads), table, 1),
      );
      const values = remembered(tape, mixed.dtype, () => valuesOf(perHead).contiguous());
      return { outputs: [queriesOf(rotated), keysOf(rotated), values], saved: undefined };
    },
    (gradients) => {
      const result = empty(shape, { dtype: mixed.dtype, device: mixed.device });
      rotate(gradients[0]!, table, -1, queriesOf(result));
      rotate(gradients[1]!, table, -1, keysOf(result));
      valuesOf(result).copy_(gradients[2]!);
      return [result.view([...mixed.shape])];
    },
  ) as [Tensor, Tensor, Tensor];
}

function rotate(x: Tensor, { cos, sin }: RopeTable, direction: 1 | -1, into?: Tensor): Tensor {
  const half = cos.size(-1);
  const left = x.size(-1) - 2 * half;
  const result = into ?? empty([...x.shape], { dtype: x.dtype, device: x.device });
  tidy(() => {
    const halves = (tensor: Tensor) =>
      [tensor.narrow(-1, 0, half), tensor.narrow(-1, half, half)] as const;
    const [first, second] = halves(x);
    const [firstResult, secondResult] = halves(result);
    mulOut(first, cos, { out: firstResult }).addcmul_(second, sin, { value: -direction });
    if (left > 0) result.narrow(-1, 2 * half, left).copy_(x.narrow(-1, 2 * half, left));
    mulOut(second, cos, { out: secondResult }).addcmul_(first, sin, { value: direction });
  });
  return result;
}
