/**
 * Tensor types of ggml: number, name, elements in a block, bytes of a block. Values from
 * `GGML_QUANT_SIZES` of the Python package gguf 0.19.
 */
import { type Dequantize, dequantizers } from "./dequantize.js";
import type { WeightDType } from "./weights.js";

export interface GgmlType {
  name: string;
  blockElements: number;
  blockBytes: number;
  /** How values are delivered; undefined where this version cannot read the type. */
  delivered: WeightDType | undefined;
  /** Absent where values are delivered as they are stored. */
  dequantize?: Dequantize;
}

function plain(name: WeightDType, bytes: number): GgmlType {
  return { name, blockElements: 1, blockBytes: bytes, delivered: name };
}

function quantized(name: keyof typeof dequantizers): GgmlType {
  const { elements, bytes, dequantize } = dequantizers[name];
  return { name, blockElements: elements, blockBytes: bytes, delivered: "F32", dequantize };
}

function unreadable(name: string, blockElements: number, blockBytes: number): GgmlType {
  return { name, blockElements, blockBytes, delivered: undefined };
}

/** By the number in the file. */
export const GGML_TYPES: ReadonlyMap<number, GgmlType> = new Map([
  [0, plain("F32", 4)],
  [1, plain("F16", 2)],
  [2, quantized("Q4_0")],
  [3, quantized("Q4_1")],
  [6, quantized("Q5_0")],
  [7, quantized("Q5_1")],
  [8, quantized("Q8_0")],
  [9, unreadable("Q8_1", 32, 40)],
  [10, unreadable("Q2_K", 256, 84)],
  [11, unreadable("Q3_K", 256, 110)],
  [12, quantized("Q4_K")],
  [13, quantized("Q5_K")],
  [14, quantized("Q6_K")],
  [15, unreadable("Q8_K", 256, 292)],
  [16, unreadable("IQ2_XXS", 256, 66)],
  [17, unreadable("IQ2_XS", 256, 74)],
  [18, unreadable("IQ3_XXS", 256, 98)],
  [19, unreadable("IQ1_S", 256, 50)],
  [20, unreadable("IQ4_NL", 32, 18)],
  [21, unreadable("IQ3_S", 256, 110)],
  [22, unreadable("IQ2_S", 256, 82)],
  [23, unreadable("IQ4_XS", 256, 136)],
  [24, plain("I8", 1)],
  [25, plain("I16", 2)],
  [26, plain("I32", 4)],
  [27, plain("I64", 8)],
  [28, plain("F64", 8)],
  [29, unreadable("IQ1_M", 256, 56)],
  [30, plain("BF16", 2)],
  [34, unreadable("TQ1_0", 256, 54)],
  [35, unreadable("TQ2_0", 256, 66)],
  [39, unreadable("MXFP4", 32, 17)],
  [40, unreadable("NVFP4", 64, 36)],
  [41, unreadable("Q1_0", 128, 18)],
]);

const byName: ReadonlyMap<string, GgmlType & { number: number }> = new Map(
  [...GGML_TYPES].map(([number, type]) => [type.name, { ...type, number }]),
);

/** A type by its name, with its number in files; undefined for an unknown name. */
export function ggmlType(name: string): (GgmlType & { number: number }) | undefined {
  return byName.get(name);
}
