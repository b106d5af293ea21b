/**
 * Adapts a configuration to the device. What the device does not support is replaced only if the
 * result is as good, and each replacement is reported in one line.
 */
import { ConfigError } from "../../util/errors.js";
import type { TrainingConfig } from "./schema.js";

/** What the configuration needs to know about the machine. */
export interface DeviceFacts {
  readonly device: "cpu" | "cuda";
  /**
   * Whether bfloat16 is computed natively (a GPU from Ampere on). A CPU always counts: its weights are
   * bfloat16, and `choosePrecision` takes the number type of products that it is faster at.
   */
  readonly bf16: boolean;
  /** Whether memory can be allocated that the driver pages out when it runs short (CUDA only). */
  readonly pagedMemory: boolean;
}

/** A configuration together with the choices that depend on the device. */
export interface DeviceConfig extends TrainingConfig {
  readonly device: "cpu" | "cuda";
  /** The type of weights and activations; products may be computed in another (`compute_dtype`). */
  readonly computeDtype: "float32" | "bfloat16" | "float16";
  /** Whether the loss is scaled up before the backward pass (float16 only). */
  readonly lossScaling: boolean;
  readonly optimizer: OptimizerChoice;
}

/** The optimizer that is used; the driver moves `paged` state out of GPU memory if it runs short. */
export interface OptimizerChoice {
  readonly kind: "adamw" | "adamw8bit" | "sgd";
  readonly paged: boolean;
}

/**
 * Decides everything that depends on the device.
 *
 * @returns the configuration as it will run, and a line for each replacement
 * @throws {ConfigError} if the device lacks something that has no equivalent replacement
 */
export function resolveForDevice(
  config: TrainingConfig,
  facts: DeviceFacts,
): { config: DeviceConfig; notes: string[] } {
  const notes: string[] = [];
  const device = config.use_cpu ? "cpu" : facts.device;
  const computeDtype = decideDtype(config, { ...facts, device }, notes);
  const compute_dtype = decideProducts(config, device, notes);
  const half = computeDtype !== "float32";
  return {
    config: {
      ...config,
      bf16: computeDtype === "bfloat16",
      fp16: computeDtype === "float16",
      bits: config.train_mode === "qlora" ? 4 : half ? 16 : 32,
      device,
      computeDtype,
      compute_dtype,
      lossScaling: [computeDtype, compute_dtype].includes("float16"),
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
    notes.push("fp16: on a CPU, bf16 is used instead; it needs no loss scaling.");
    return "bfloat16";
  }
  if (config.fp16) return "float16";
  if (!config.bf16) return "float32";
  if (facts.bf16 || facts.device === "cpu") return "bfloat16";
  throw new ConfigError("bf16 is not supported by this GPU", {
    why: "It has no bfloat16 arithmetic. float16 is not used instead because it can overflow.",
    todo: "Use --no-bf16 --fp16 (with loss scaling), or --no-bf16 for float32.",
  });
}

function decideProducts(
  config: TrainingConfig,
  device: DeviceFacts["device"],
  notes: string[],
): TrainingConfig["compute_dtype"] {
  if (config.compute_dtype !== "float16" || device !== "cpu") return config.compute_dtype;
  notes.push("compute_dtype float16: on a CPU, auto is used instead; it needs no loss scaling.");
  return "auto";
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
      facts.device === "cpu" ? "paging is for GPU memory" : "this GPU does not offer paged memory";
    const what = kind === "adamw" ? "AdamW" : "AdamW with 8-bit state";
    notes.push(
      `optim ${optim}: ${what} without paging is used, with the same results (${reason}).`,
    );
  }
  return { kind, paged };
}
