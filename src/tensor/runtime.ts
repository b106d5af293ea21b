/** The machine under libtorch: threads, host memory, signals. */
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

/**
 * Begins or ends noting SIGINT and SIGTERM for {@link receivedSignal}. Node's own handlers run only
 * between operations, and one training step can outlast the time that a platform leaves for saving.
 */
export function watchSignals(watch: boolean): void {
  native.watchSignals(watch);
}

/** The number of the signal that came since {@link watchSignals}, or 0. */
export function receivedSignal(): number {
  return native.receivedSignal();
}

/** The version of libtorch that set-up found, such as `2.13.0+cpu`. */
export function torchVersion(): string {
  return version;
}
