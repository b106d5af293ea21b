/** The device that a run takes, and what the configuration must know of it. */
import {
  type Device,
  deviceProperties,
  devices,
  pagedBytes,
  setDevice,
  tidy,
} from "../tensor/index.js";
import { ConfigError, TunewrightError } from "../util/errors.js";
import type { DeviceFacts } from "./config/index.js";

/** First compute capability with bfloat16 instructions; older GPUs only imitate them. */
const AMPERE = 8;

/**
 * Chooses the device of this process, makes it the current one, and asks it what it can do.
 *
 * @param useCpu take the CPU though there is a GPU
 * @param localRank number of this process among those on this machine; it takes the GPU of the same
 *   number
 * @throws ConfigError where there are fewer GPUs than processes
 */
export function probeDevice(
  useCpu: boolean,
  localRank = 0,
): { device: Device; facts: DeviceFacts } {
  const device = chooseDevice(useCpu ? ["cpu"] : devices(), localRank);
  const accelerated = device !== "cpu";
  if (accelerated) setDevice(device);
  return {
    device,
    facts: {
      device: accelerated ? "cuda" : "cpu",
      bf16: !accelerated || (deviceProperties(device)?.major ?? 0) >= AMPERE,
      pagedMemory: accelerated && givesPagedMemory(device),
    },
  };
}

/** @param usable the CPU, then the GPUs in the order of their numbers */
export function chooseDevice(usable: readonly Device[], localRank: number): Device {
  const gpus = usable.slice(1);
  if (gpus.length === 0) return "cpu";
  const gpu = gpus[localRank];
  if (gpu !== undefined) return gpu;
  const count = gpus.length === 1 ? "one GPU" : `${gpus.length} GPUs`;
  throw new ConfigError(`LOCAL_RANK is ${localRank}, but there is no GPU with this number`, {
    why: `This machine has ${count} (${gpus.join(", ")}), and each process needs its own.`,
    todo: `Start at most ${gpus.length} on this machine (torchrun --nproc-per-node ${gpus.length}), or check CUDA_VISIBLE_DEVICES.`,
  });
}

/** By trying: drivers and containers differ in whether they allow it. */
function givesPagedMemory(device: Device): boolean {
  try {
    return tidy(() => pagedBytes(4096, device).fill_(3).sum(null).item() === 3 * 4096);
  } catch (error) {
    if (error instanceof TunewrightError) return false;
    throw error;
  }
}
