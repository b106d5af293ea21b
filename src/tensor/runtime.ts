/** The machine under libtorch: threads, host memory. */
import { native, torchVersion as version } from "./native.js";

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

/** libtorch's view of the CPU: instruction set in use and threading. */
export function capabilities(): { cpu: string; mkldnn: boolean; parallel: string } {
  return native.capabilities();
}

/** The version of libtorch that set-up found, such as `2.13.0+cpu`. */
export function torchVersion(): string {
  return version;
}
