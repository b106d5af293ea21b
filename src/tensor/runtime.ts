/** The machine under libtorch: threads, host memory. */
import { type HostMemory, native, torchVersion as version } from "./native.js";

/** Number of threads that one operator may use. */
export function threads(): number {
  return native.threads();
}

/** Sets the number of threads that one operator may use. */
export function setThreads(count: number): void {
  native.setThreads(count);
}

/** Gives memory that was freed back to the operating system. */
export function trimMemory(): void {
  native.trim();
}

/** Main memory of this process and of its tensors. */
export function hostMemory(): HostMemory {
  return native.hostMemory();
}

/** From here on the peak of {@link hostMemory} counts anew. */
export function resetHostPeak(): void {
  native.resetHostPeak();
}

/**
 * From here on tensors are refused what would let this process have more than `bytes` in memory, with
 * an `OutOfMemoryError`; null for no limit. A process in a container is refused nothing by the kernel,
 * but killed.
 */
export function limitHostMemory(bytes: number | null): void {
  native.limitHostMemory(bytes === null ? 0 : Math.max(1, Math.floor(bytes)));
}

/**
 * For tests: allocations of tensors in main memory are counted anew from 1, and `count` of them, from
 * number `first` on, are refused with an `OutOfMemoryError`.
 *
 * @returns how many there were since the last call
 */
export function refuseAllocations(first: number, count: number): number {
  return native.refuseAllocations(first, count);
}

/** libtorch's view of the CPU: instruction set in use and threading. */
export function capabilities(): { cpu: string; mkldnn: boolean; parallel: string } {
  return native.capabilities();
}

/** The version of libtorch that set-up found, such as `2.13.0+cpu`. */
export function torchVersion(): string {
  return version;
}
