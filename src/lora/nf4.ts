/**
 * 4-bit NormalFloat with double quantization (Dettmers et al., 2023, arXiv 2305.14314), equal to
 * bitsandbytes byte for byte. On the CPU bitsandbytes itself quantizes with torch operators, which
 * is slow, and dequantizes with its C kernels; we have an operator for the first.
 */
import type { StoredFourBit } from "../format/index.js";
import {
  bucketize,
  cat,
  type Device,
  type DType,
  dequantizeBlockwise,
  dequantizeNf4,
  empty,
  noGrad,
  quantizeBlockwise,
  quantizeNf4Blocks,
  storeNf4,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "../tensor/index.js";
import { dynamicMap, nf4Code } from "./codes.js";

/** Values that share an absolute maximum. */
const BLOCK = 64;
/** Absolute maxima that are quantized together. */
const STATISTICS_BLOCK = 256;

/** A tensor in NF4. Shapes: n elements. */
export interface Nf4Tensor {
  /** Shape before quantization. */
  shape: readonly number[];
  /** [ceil(n / 2)] uint8, two codes a byte, the first in the high half */
  packed: Tensor;
  /** [ceil(n / 64)] uint8, the quantized absolute maxima */
  absmax: Tensor;
  /** [ceil(n / 64 / 256)] float32, the absolute maxima of those */
  nestedAbsmax: Tensor;
  /** [256] float32 */
  nestedCode: Tensor;
  /** [] float32, mean of the absolute maxima, taken off before they were quantized */
  offset: Tensor;
}

/**
 * Quantizes a tensor.
 *
 * @param values any shape; float32, bfloat16 or float16
 */
export function quantizeNf4(values: Tensor): Nf4Tensor {
  return noGrad(() =>
    tidy(() => {
      const flat = values.reshape([-1]);
      const { packed, absmax } =
        flat.device === "cpu" ? quantizeInOnePass(flat) : quantizeByOperators(flat);
      const offset = absmax.mean(null);
      const centred = absmax.sub(offset);
      const statistics = empty([centred.numel], { dtype: "uint8", device: flat.device });
      const nestedAbsmax = empty([Math.ceil(centred.numel / STATISTICS_BLOCK)], {
        dtype: "float32",
        device: flat.device,
      });
      const nestedCode = tensor(dynamicMap(true)).to({ device: flat.device });
      quantizeBlockwise(nestedCode, centred, nestedAbsmax, statistics, STATISTICS_BLOCK);
      return {
        shape: [...values.shape],
        packed,
        absmax: statistics,
        nestedAbsmax,
        nestedCode,
        offset,
      };
    }),
  );
}

/** A weight of a checkpoint as it is; undefined where it has other codes or blocks than ours. */
export function storedNf4(stored: StoredFourBit, device: Device): Nf4Tensor | undefined {
  const { shape, code, blocks, packed, absmax, nestedAbsmax, nestedCode, offset } = stored;
  const isSame =
    blocks.values === BLOCK &&
    blocks.maxima === STATISTICS_BLOCK &&
    code.every((value, i) => value === nf4Code[i]);
  if (!isSame) return undefined;
  return tidy(() => ({
    shape,
    packed: tensor(packed, [packed.length], "uint8").to({ device }),
    absmax: tensor(absmax, [absmax.length], "uint8").to({ device }),
    nestedAbsmax: tensor(nestedAbsmax).to({ device }),
    nestedCode: tensor(nestedCode).to({ device }),
    offset: tensor(Float32Array.of(offset)).view([]).to({ device }),
  }));
}

/** Codes in nibbles, and the absolute maxima of the blocks. */
type Blocks = Pick<Nf4Tensor, "packed"> & { absmax: Tensor };

/** @param flat [n] on the CPU */
export function quantizeInOnePass(flat: Tensor): Blocks {
  const [packed, absmax] = quantizeNf4Blocks(flat, middlesOfCodes());
  return { packed, absmax };
}

/** The chain of operators that bitsandbytes uses on a CPU, for other devices. @param flat [n] */
export function quantizeByOperators(flat: Tensor): Blocks {
  const { scaled, absmax } = scaleBlocks(flat.to({ dtype: "float32" }));
  return { packed: packNibbles(nearestCodes(scaled)), absmax };
}

/** Each block of 64 divided by its absolute maximum, as bitsandbytes rounds it. */
function scaleBlocks(flat: Tensor): { scaled: Tensor; absmax: Tensor } {
  const whole = flat.numel - (flat.numel % BLOCK);
  const scaled: Tensor[] = [];
  const maxima: Tensor[] = [];
  if (whole > 0) {
    const blocks = flat.narrow(0, 0, whole).view([-1, BLOCK]);
    const absmax = blocks.abs().amax([-1]);
    const inverse = absmax.clamp(1e-38).reciprocal().unsqueeze(1);
    scaled.push(blocks.mul(inverse).clamp_(-1, 1).view([-1]));
    maxima.push(absmax);
  }
  if (whole < flat.numel) {
    const rest = flat.narrow(0, whole, flat.numel - whole);
    const absmax = rest.abs().amax([-1], true).clamp(1e-38);
    scaled.push(rest.div(absmax).clamp_(-1, 1));
    maxima.push(absmax);
  }
  return { scaled: cat(scaled, 0), absmax: cat(maxima, 0) };
}

/** Index of the nearest of the sixteen codes; a value in the middle takes the lower one. */
function nearestCodes(scaled: Tensor): Tensor {
  return bucketize(scaled, middlesOfCodes().to({ device: scaled.device })).to({ dtype: "uint8" });
}

function middlesOfCodes(): Tensor {
  const code = tensor(nf4Code);
  return code
    .narrow(0, 0, 15)
    .add(code.narrow(0, 1, 15))
    .div(2);
}

function packNibbles(codes: Tensor): Tensor {
  // An odd last value is paired with the code of zero.
  const even =
    codes.numel % 2 === 0
      ? codes
      : cat([codes, zeros([1], { dtype: "uint8", device: codes.device }).fill_(7)], 0);
  const pairs = even.view([-1, 2]);
  return pairs.select(1, 0).mul(16).add(pairs.select(1, 1));
}

/** The absolute maxima of the blocks, [ceil(n / 64)] float32. */
function maximaOf({ packed, absmax, nestedAbsmax, nestedCode, offset }: Nf4Tensor): Tensor {
  const maxima = empty([absmax.numel], { dtype: "float32", device: packed.device });
  dequantizeBlockwise(nestedCode, absmax, nestedAbsmax, maxima, STATISTICS_BLOCK);
  return maxima.add_(offset);
}

/**
 * A matrix as products of a few rows read it: each block's maximum before its codes.
 *
 * @param quantized on the CPU, rows of whole blocks of 64
 * @returns [rows, bytes of a row's blocks] uint8
 */
export function nf4Blocks(quantized: Nf4Tensor, rows: number): Tensor {
  return tidy(() => storeNf4(quantized.packed, maximaOf(quantized), rows));
}

/**
 * The values again.
 *
 * @param out written, contiguous, with the shape of the tensor before quantization
 */
export function dequantizeNf4Into({ packed, ...rest }: Nf4Tensor, out: Tensor): void {
  tidy(() => {
    const absmax = maximaOf({ packed, ...rest });
    if (out.size(-1) % 2 === 0) {
      dequantizeNf4(packed, absmax, out, BLOCK);
      return;
    }
    // bitsandbytes' CPU kernel needs an even last size: read the values as one flat row.
    const even = out.numel + (out.numel % 2);
    const flat = empty([1, even], { dtype: out.dtype, device: out.device });
    dequantizeNf4(packed, absmax, flat, BLOCK);
    out.copy_(
      flat
        .view([-1])
        .narrow(0, 0, out.numel)
        .view([...rest.shape]),
    );
  });
}

/** The values again, in a new tensor of `dtype`. */
export function dequantizeNf4Tensor(quantized: Nf4Tensor, dtype: DType): Tensor {
  const out = empty([...quantized.shape], { dtype, device: quantized.packed.device });
  dequantizeNf4Into(quantized, out);
  return out;
}
