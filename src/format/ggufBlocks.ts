/**
 * Values as blocks of ggml's types, made by the addon in native/ggufBlocks; the only file that loads it.
 * The bytes are the same on every machine and with every number of threads.
 */
import { availableParallelism } from "node:os";
import { FormatError } from "../util/errors.js";
import { loadSmallAddon } from "../util/smallAddon.js";
import { ggmlType } from "./ggufTypes.js";
import { WEIGHT_DTYPE_BYTES, type WeightDType } from "./weights.js";

/** Types that blocks are made of. */
export type GgufWrittenType =
  | "F32"
  | "F16"
  | "BF16"
  | "Q8_0"
  | "Q4_0"
  | "Q5_0"
  | "Q4_K"
  | "Q5_K"
  | "Q6_K";

interface GgufBlocksAddon {
  /** @returns number of the first value that the type cannot hold, or -1 */
  encodeBlocks(
    data: Uint8Array,
    from: string,
    to: string,
    into: Uint8Array,
    threads: number,
  ): number;
}

let addon: GgufBlocksAddon | undefined;

/** Values that are encoded at once: bounds the memory beside them, and is enough for all threads. */
const PIECE = 1 << 22;

/**
 * Encodes values piece by piece.
 *
 * @param data little-endian values, whole blocks of them
 * @param from their type: F32, F16 or BF16
 * @param name of the weight, for errors
 * @throws FormatError where a value is not finite, or too large for the type
 */
export function* encodeBlocks(
  data: Uint8Array,
  from: WeightDType,
  to: GgufWrittenType,
  name: string,
): Generator<Uint8Array, void, void> {
  addon ??= loadSmallAddon<GgufBlocksAddon>("ggufBlocksAddon", "the addon for GGUF's types");
  const { blockElements, blockBytes } = ggmlType(to)!;
  const width = WEIGHT_DTYPE_BYTES[from];
  const count = data.length / width;
  for (let start = 0; start < count; start += PIECE) {
    const end = Math.min(count, start + PIECE);
    const out = new Uint8Array(((end - start) / blockElements) * blockBytes);
    const piece = data.subarray(start * width, end * width);
    const fault = addon.encodeBlocks(piece, from, to, out, availableParallelism());
    if (fault >= 0) throw unfit(name, start + fault, to);
    yield out;
  }
}

function unfit(name: string, element: number, type: GgufWrittenType): FormatError {
  const isHalf = type !== "F32" && type !== "BF16";
  return new FormatError(`${name}: ${type} cannot hold the value of element ${element}`, {
    why: isHalf
      ? "it is not finite, or beyond the range of half precision (65,504)"
      : "it is not finite",
    todo: isHalf
      ? "choose bf16, or look for what broke the weights"
      : "look for what broke the weights",
  });
}
