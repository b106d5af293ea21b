/**
 * `per_device_train_batch_size: auto`: the largest micro-batch that fits into memory. The rows of an
 * optimizer step stay what gradient_accumulation_steps says, where that is set.
 */
import type { Device } from "../../tensor/index.js";
import { ConfigError } from "../../util/errors.js";
import type { MemoryRoom } from "../../util/memoryLimits.js";
import { resolveResume } from "../checkpoint/index.js";
import {
  type DeviceConfig,
  type DeviceFacts,
  type LoadedConfig,
  resolveForDevice,
} from "../config/index.js";
import { settleAdapters } from "../continued.js";
import { probeDevice } from "../deviceFacts.js";
import { memoryBytes, reservedBytes, roomOf } from "../memory/index.js";
import { readRunRecord } from "../resume/index.js";
import { fetchBaseModel } from "../trainedModel.js";
import { fittingBatch, mostRows, powersUpTo } from "./estimate.js";

/** A device that need not be here, with the memory that it has. */
export interface OtherDevice {
  device: Device;
  facts: DeviceFacts;
  room: Pick<MemoryRoom, "free" | "resident" | "source">;
}

/**
 * A GPU that is estimated for.
 *
 * @param size its memory, such as `24GB`
 * @throws ConfigError for no size; where the configuration is for the CPU
 */
export function otherGpu(size: string, { use_cpu }: LoadedConfig["config"]): OtherDevice {
  if (use_cpu) {
    throw new ConfigError("--gpu with use_cpu", { todo: "leave one of them out" });
  }
  const refuseShare = () => {
    throw new ConfigError(`--gpu ${size} is a share, of what is not known`, {
      todo: "write a size, such as 24GB",
    });
  };
  const free = memoryBytes(size, refuseShare, "--gpu");
  return {
    device: "cuda",
    facts: { device: "cuda", bf16: true, pagedMemory: true },
    room: { free, resident: 0, source: `a GPU of ${size}` },
  };
}

type BatchKeys = Pick<DeviceConfig, "per_device_train_batch_size" | "gradient_accumulation_steps">;

/**
 * Fills in the sizes where they are left to the memory: those of the checkpoint that the run goes on
 * from, or the largest that fit.
 *
 * @param there a device to choose for in place of this machine's
 * @returns the same configuration where they are set
 * @throws what finding and describing the model throws
 */
export async function settleBatchSize(
  loaded: LoadedConfig,
  there?: OtherDevice,
): Promise<LoadedConfig> {
  if (!loaded.config.auto_batch_size) return loaded;
  const before = await sizesBefore(loaded.config);
  const { sizes, why } = before
    ? { sizes: before, why: "as in the checkpoint" }
    : await largestSizes(loaded, there);
  const { per_device_train_batch_size: rows, gradient_accumulation_steps: accumulation } = sizes;
  const note =
    `per_device_train_batch_size auto: ${rows}, ${why}; ` +
    `with gradient_accumulation_steps ${accumulation} a step takes ${rows * accumulation} rows.`;
  const derived = {
    per_device_train_batch_size: "derived",
    gradient_accumulation_steps: "derived",
  } as const;
  return {
    ...loaded,
    config: { ...loaded.config, ...sizes },
    origins: { ...loaded.origins, ...derived },
    notes: [...loaded.notes, note],
  };
}

/** Those of the checkpoint that training goes on from, where there is one. */
async function sizesBefore(config: LoadedConfig["config"]): Promise<BatchKeys | undefined> {
  const { output_dir, resume_from_checkpoint } = config;
  const found = await resolveResume(output_dir, resume_from_checkpoint, { readOnly: true });
  const stored = found.checkpoint && readRunRecord(found.checkpoint.path)?.config;
  const rows = stored?.per_device_train_batch_size;
  const accumulation = stored?.gradient_accumulation_steps;
  if (typeof rows !== "number" || typeof accumulation !== "number") return undefined;
  return { per_device_train_batch_size: rows, gradient_accumulation_steps: accumulation };
}

async function largestSizes(
  loaded: LoadedConfig,
  there?: OtherDevice,
): Promise<{ sizes: BatchKeys; why: string }> {
  const { config: settled } = await settleAdapters(loaded);
  const { device, facts } = there ?? probeDevice(settled.use_cpu);
  const { config } = resolveForDevice(settled, facts);
  const place = await fetchBaseModel(config);
  const { free, resident } = there?.room ?? roomOf(device, config.max_memory);
  const { max_seq_length: length, gradient_accumulation_steps: asked } = config;
  const isAsked = ["file", "flag"].includes(loaded.origins.gradient_accumulation_steps);
  const most = mostRows(length);
  const candidates = isAsked ? divisorsUpTo(asked, most) : powersUpTo(most);
  const parts = {
    config,
    place,
    tokens: { first: 0, count: 0 },
    free,
    available: free + resident - reservedBytes(free),
  };
  const fitting = fittingBatch(parts, candidates, length);
  const rows = fitting ?? 1;
  const sizes = {
    per_device_train_batch_size: rows,
    gradient_accumulation_steps: isAsked ? asked / rows : asked,
  };
  const tokens = `rows of up to ${length.toLocaleString("en")} tokens`;
  if (fitting === null)
    return { sizes, why: `though not even one of the ${tokens} fits by estimate` };
  const isMost = rows === candidates.at(-1);
  return { sizes, why: `the most ${isMost ? "that is tried" : "that fit"} of ${tokens}` };
}

/** Ascending. */
function divisorsUpTo(number: number, most: number): number[] {
  return Array.from({ length: Math.min(number, most) }, (_, i) => i + 1).filter(
    (divisor) => number % divisor === 0,
  );
}
