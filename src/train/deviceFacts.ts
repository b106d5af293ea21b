/** The device that a run takes, and what the configuration must know of it. */
import { type Device, defaultDevice, devices, pagedBytes, tidy } from "../tensor/index.js";
import { TunewrightError } from "../util/errors.js";
import type { DeviceFacts } from "./config/index.js";

/** @param useCpu take the CPU though there is a GPU */
export function probeDevice(useCpu: boolean): { device: Device; facts: DeviceFacts } {
  const accelerated = !useCpu && devices().length > 1;
  const device = accelerated ? defaultDevice() : "cpu";
  return {
    device,
    facts: {
      device: accelerated ? "cuda" : "cpu",
      bf16: true,
      pagedMemory: accelerated && givesPagedMemory(device),
    },
  };
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
