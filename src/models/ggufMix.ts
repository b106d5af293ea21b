/**
 * Which type each tensor of a GGUF file has: the mixes of llama.cpp's `llama-quantize`, with what it
 * takes instead where rows are not whole blocks.
 */
import { type GgufWrittenType, ggmlType } from "../format/index.js";
import type { ModelConfig } from "./config.js";

/** What a file as a whole is written as. */
export const ggufFileTypes = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K_M"] as const;

export type GgufFileType = (typeof ggufFileTypes)[number];

/** Numbers of the files' types, `general.file_type`. */
export const fileTypeNumbers: Readonly<Record<GgufFileType, number>> = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q8_0: 7,
  Q4_K_M: 15,
  BF16: 32,
};

/** A tensor whose type is to be chosen. */
interface ChosenFor {
  /** GGUF's name. */
  name: string;
  shape: readonly number[];
}

/** What is taken where rows are not whole blocks of a type. */
const fallbacks: Partial<Record<GgufWrittenType, GgufWrittenType>> = {
  Q4_K: "Q5_0",
  Q5_K: "Q8_0",
  Q6_K: "Q8_0",
  Q8_0: "F16",
  Q4_0: "F16",
  Q5_0: "F16",
};

/**
 * Chooses the type of a tensor.
 *
 * @param isHead whether it is what logits are made with: the output head, or the embedding it is tied to
 * @returns the type, and the one that it should have had where its rows are not whole blocks of that
 */
export function chooseType(
  { name, shape }: ChosenFor,
  file: GgufFileType,
  config: ModelConfig,
  isHead: boolean,
): { type: GgufWrittenType; instead?: GgufWrittenType } {
  if (shape.length < 2 || name.endsWith("_norm.weight")) return { type: "F32" };
  const wanted = wantedType(name, file, config, isHead);
  const row = shape.at(-1)!;
  let type = wanted;
  while (row % ggmlType(type)!.blockElements !== 0) type = fallbacks[type] ?? "F16";
  return type === wanted ? { type } : { type, instead: wanted };
}

function wantedType(
  name: string,
  file: GgufFileType,
  config: ModelConfig,
  isHead: boolean,
): GgufWrittenType {
  if (file !== "Q4_K_M") return isHead && file === "Q4_0" ? "Q6_K" : file;
  if (isHead) return "Q6_K";
  const [, layer, part] = /^blk\.(\d+)\.(\w+)\.weight$/.exec(name) ?? [];
  const layers = config.num_hidden_layers;
  if (part === "attn_qkv") return "Q5_K";
  const isNarrow = config.num_attention_heads > config.num_key_value_heads;
  const takesMore = takesMoreBits(Number(layer), layers);
  // Models of 70B share each value head among eight query heads: more bits cost little there.
  if (part === "attn_v") {
    if (takesMore) return "Q6_K";
    return layers === 80 && isNarrow ? "Q5_K" : "Q4_K";
  }
  return part === "ffn_down" && takesMore ? "Q6_K" : "Q4_K";
}

/** The first and last eighth of the layers, and each third one between. */
function takesMoreBits(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
}
