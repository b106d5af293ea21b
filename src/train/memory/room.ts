/** How much memory a run may take, of the device that it trains on and of the machine around it. */
import {
  type Device,
  deviceProperties,
  hostMemory,
  limitHostMemory,
  memoryStatistics,
  trimMemory,
} from "../../tensor/index.js";
import { ConfigError } from "../../util/errors.js";
import { type MemoryRoom, memoryRoom, totalMemory } from "../../util/memoryLimits.js";

const units: Readonly<Record<string, number>> = { K: 1, M: 2, G: 3, T: 4 };

/**
 * `max_memory` in bytes: a number of them, a size such as `8GB` or `7.5GiB`, or a share such as `70%`.
 *
 * @param total what a share is taken of
 * @param name of what was set, for errors
 * @throws ConfigError for anything else, and for less than any run takes
 */
export function memoryBytes(
  value: string | number,
  total: () => number,
  name = "max_memory",
): number {
  const text = String(value).trim();
  const parts = /^(\d+(?:\.\d+)?)\s*(?:(%)|([KMGT])?(i)?B?)$/i.exec(text);
  const refuse = (why: string) => {
    throw new ConfigError(`${name} ${text} is not an amount of memory to train with`, {
      why,
      todo: "write a size such as 8GB or 7.5GiB, a share of the memory such as 70%, or a number of bytes",
    });
  };
  if (!parts) return refuse("it is neither a size, nor a share, nor a number of bytes");
  const [, digits, percent, unit = "", binary] = parts;
  const count = Number(digits);
  if (percent) {
    if (count <= 0 || count > 100) refuse("a share is more than 0% and at most 100%");
    return Math.floor((count / 100) * total());
  }
  const bytes = Math.floor(count * (binary ? 1024 : 1000) ** (units[unit.toUpperCase()] ?? 0));
  if (bytes < 2 ** 20) refuse(`that is ${bytes} bytes`);
  return bytes;
}

/** Room for a run on a device, within `max_memory` where it is set. */
export function roomOf(device: Device, maxMemory: string | number | null): MemoryRoom {
  const properties = deviceProperties(device);
  if (!properties) {
    const max = maxMemory === null ? undefined : memoryBytes(maxMemory, totalMemory);
    return memoryRoom({ maxMemory: max, freedBytes: hostMemory().freedBytes });
  }
  const { totalBytes, freeBytes, name } = properties;
  const resident = memoryStatistics().deviceBytes;
  const whole = { source: name, limit: totalBytes, used: totalBytes - freeBytes, resident };
  const room = { ...whole, free: freeBytes };
  if (maxMemory === null) return room;
  const limit = memoryBytes(maxMemory, () => totalBytes);
  const free = Math.max(0, limit - resident);
  return free < freeBytes ? { source: "max_memory", limit, used: resident, resident, free } : room;
}

/** Left to everything that is no tensor: JavaScript's heap, buffers of libraries, rows on their way. */
const RESERVED_SHARE = 1 / 8;
const RESERVED_BYTES = 256e6;

/** What a run leaves free of so many bytes, for what is no tensor. */
export function reservedBytes(free: number): number {
  return Math.min(RESERVED_BYTES, free * RESERVED_SHARE);
}

/** Milliseconds for which what was read of the limits is good enough. */
const LOOK_INTERVAL = 1000;

let looked = Number.NEGATIVE_INFINITY;

/**
 * Has tensors in main memory refused before the process reaches the limits on it, since the kernel
 * kills whoever exceeds those of a container. To be called again from time to time, as others take and
 * free memory too.
 *
 * @param maxMemory of a run on the CPU; null otherwise
 * @returns lifts the limit
 */
export function guardHostMemory(maxMemory: string | number | null): () => void {
  const now = performance.now();
  if (now - looked >= LOOK_INTERVAL) {
    trimMemory();
    const max = maxMemory === null ? undefined : memoryBytes(maxMemory, totalMemory);
    const { freedBytes } = hostMemory();
    const { resident, free } = memoryRoom({ maxMemory: max, freedBytes, withSwap: true });
    limitHostMemory(resident + free - reservedBytes(free));
    looked = performance.now();
  }
  return () => {
    limitHostMemory(null);
    looked = Number.NEGATIVE_INFINITY;
  };
}
