/**
 * The number type that a run's matrix products are computed in. It is a function of the
 * configuration and of the processor's instructions, never of a stopwatch, so that the same seed
 * gives the same numbers on a busy machine as on a quiet one.
 */
import type { DType } from "../tensor/index.js";
import { type Processor, readProcessor } from "../util/processor.js";
import type { DeviceConfig } from "./config/index.js";

/** A number type, and why it is the one. */
export interface ProductPrecision {
  dtype: DType;
  /** Half a sentence. */
  reason: string;
  /** A sentence for the user, where there is something to know. */
  line?: string;
}

/**
 * Decides the number type of the products. Weights and the residual stream keep their own type.
 *
 * @param before the type that the run's earlier attempts used. A resumed run keeps it, unless
 *   `compute_dtype` names another.
 */
export function choosePrecision(
  config: Pick<DeviceConfig, "device" | "computeDtype" | "compute_dtype">,
  before?: DType,
  processor: Processor = readProcessor(),
  environment: NodeJS.ProcessEnv = process.env,
): ProductPrecision {
  const { device, computeDtype, compute_dtype: asked } = config;
  const own = { dtype: computeDtype, reason: "the type of the weights" };
  const hasChoice = device === "cpu" && computeDtype === "bfloat16";
  const fast = hasChoice ? fasterType(processor, environment) : own;
  if (asked !== "auto") {
    const changed = before !== undefined && before !== asked;
    const line = `Matrix products are computed in ${asked} (compute_dtype)${changed ? `; before this checkpoint, in ${before}` : ""}.`;
    return { dtype: asked, reason: "compute_dtype", line };
  }
  if (before !== undefined) {
    const kept = { dtype: before, reason: "as before the checkpoint" };
    if (before === fast.dtype) return kept;
    const line =
      `Matrix products are computed in ${before}, as at the start of this run, so that results do not change. ` +
      `--compute_dtype ${fast.dtype} is faster here: ${fast.reason}.`;
    return { ...kept, line };
  }
  if (!hasChoice) return own;
  return { ...fast, line: `Matrix products are computed in ${fast.dtype}: ${fast.reason}.` };
}

/**
 * Whether a processor multiplies bfloat16 or float32 matrices faster. Both multiply bfloat16 values
 * exactly and sum in float32. Rates of libtorch 2.13 in GFLOP/s a core, float32 and bfloat16: with
 * AMX 146 and 1089; an Intel core with AVX-512 BF16 but no AMX 146 and 77; without any of the two
 * 130 and 26 (AVX-512), 83 and 2 (AVX2). Of AMD's Zen 4 two cores reach 380 in bfloat16, more than
 * in float32.
 */
function fasterType(
  processor: Processor,
  environment: NodeJS.ProcessEnv,
): { dtype: "bfloat16" | "float32"; reason: string } {
  const has = usableInstructions(processor, environment);
  if (has.has("amx_bf16")) return { dtype: "bfloat16", reason: "this CPU has AMX" };
  if (has.has("bf16")) return { dtype: "bfloat16", reason: "this CPU has Arm's BF16" };
  if (!has.has("avx512_bf16"))
    return { dtype: "float32", reason: "this CPU has no bfloat16 instructions" };
  return processor.vendor === "AuthenticAMD"
    ? { dtype: "bfloat16", reason: "this CPU has AVX-512 BF16, fast on AMD's" }
    : { dtype: "float32", reason: "this CPU has no AMX, and its AVX-512 BF16 is slower" };
}

/** What is left where oneDNN, which computes the products, has been told to use less. */
function usableInstructions(
  { instructions }: Processor,
  { ONEDNN_MAX_CPU_ISA, DNNL_MAX_CPU_ISA }: NodeJS.ProcessEnv,
): Set<string> {
  const has = new Set(instructions);
  const limit = (ONEDNN_MAX_CPU_ISA ?? DNNL_MAX_CPU_ISA ?? "ALL").toUpperCase();
  if (limit === "ALL" || limit === "DEFAULT" || limit === "") return has;
  if (!limit.includes("AMX")) has.delete("amx_bf16");
  if (/^(SSE|AVX$|AVX2|AVX512_CORE$|AVX512_CORE_VNNI$)/.test(limit)) has.delete("avx512_bf16");
  return has;
}
