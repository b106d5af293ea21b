/**
 * Fits a configuration to the device. What the device lacks is replaced only where the result is as
 * good, and each replacement is said in one line.
 */
import { ConfigError } from "../../util/errors.js";
import type { TrainingConfig } from "./schema.js";

/** What the configuration must know of the machine. */
export interface DeviceFacts {
  readonly device: "cpu" | "cuda";
  /** Whether bfloat16 products are computed natively (AMX or AVX-512 on a CPU, Ampere on). */
  readonly bf16: boolean;
  /** Whether the device has memory that its driver pages out under pressure; only ever so on CUDA. */
  readonly pagedMemory: boolean;
}

/** A configuration together with the choices that depend on the device. */
export interface DeviceConfig extends TrainingConfig {
  readonly device: "cpu" | "cuda";
  /** The type that matrix products are computed in. */
  readonly computeDtype: "float32" | "bfloat16" | "float16";
  /** Whether the loss is scaled up before the backward pass: float16 only. */
  readonly lossScaling: boolean;
  readonly optimizer: OptimizerChoice;
}

/** The optimizer that runs; `paged` state lies in memory that the driver moves out under pressure. */
export interface OptimizerChoice {
  readonly kind: "adamw" | "adamw8bit" | "sgd";
  readonly paged: boolean;
}

/**
 * @returns the configuration as it will run, and a line for each thing that was replaced
 * @throws {ConfigError} where the device lacks something that nothing can stand in for
 */
export function resolveForDevice(
  config: TrainingConfig,
  facts: DeviceFacts,
): { config: DeviceConfig; notes: string[] } {
  const notes: string[] = [];
  const device = config.use_cpu ? "cpu" : facts.device;
  const computeDtype = decideDtype(config, { ...facts, device }, notes);
  const half = computeDtype !== "float32";
  return {
    config: {
      ...config,
      bf16: computeDtype === "bfloat16",
      fp16: computeDtype === "float16",
      bits: config.train_mode === "qlora" ? 4 : half ? 16 : 32,
      device,
      computeDtype,
      lossScaling: computeDtype === "float16",
      optimizer: decideOptimizer(config, { ...facts, device }, notes),
    },
    notes,
  };
}

function decideDtype(
  config: TrainingConfig,
  facts: DeviceFacts,
  notes: string[],
): DeviceConfig["computeDtype"] {
  if (config.fp16 && facts.device === "cpu") {
    const stand = facts.bf16 ? "bfloat16" : "float32";
    const field = facts.bf16 ? "bf16" : "float32";
    notes.push(`fp16: a CPU computes in ${field} instead, which needs no loss scaling.`);
    return stand;
  }
  if (config.fp16) return "float16";
  if (!config.bf16) return "float32";
  if (facts.bf16) return "bfloat16";
  if (facts.device === "cpu") {
    notes.push("bf16: this CPU has no bfloat16 instructions, so it will be slower than float32.");
    return "bfloat16";
  }
  throw new ConfigError("bf16 is not possible on this GPU", {
    why: "It has no bfloat16 arithmetic, and float16 is not as good: it can overflow.",
    todo: "Use --no-bf16 --fp16 (with loss scaling), or --no-bf16 for float32.",
  });
}

function decideOptimizer(
  config: TrainingConfig,
  facts: DeviceFacts,
  notes: string[],
): OptimizerChoice {
  const { optim } = config;
  if (optim === "sgd") return { kind: "sgd", paged: false };
  if (optim === "adamw_torch" || optim === "adamw_torch_fused")
    return { kind: "adamw", paged: false };
  const kind = optim === "paged_adamw_32bit" ? "adamw" : "adamw8bit";
  const paged = optim.startsWith("paged_") && facts.device === "cuda" && facts.pagedMemory;
  if (optim.startsWith("paged_") && !paged) {
    const reason =
      facts.device === "cpu"
        ? "a CPU has no device memory to page"
        : "this device gave no memory that can be paged";
    const what = kind === "adamw" ? "AdamW" : "AdamW with 8-bit state";
    notes.push(`optim ${optim} runs as ${what}, which gives the same numbers: ${reason}.`);
  }
  return { kind, paged };
}
