/** What happens under the operators that are called: those inside libtorch, and CUDA's runtime. */
import { native, type ObservedOperator } from "./native.js";

/**
 * Begins to note every operator that runs in libtorch, also those that other operators call, or ends
 * it. Of the whole process. `time` waits for the device after each operator: times then belong to
 * operators, and do not add up to those of an undisturbed run.
 */
export function observeOperators(mode: "count" | "time" | "off"): void {
  native.observeOperators(mode);
}

/** The operators since {@link observeOperators}, by name. */
export function observedOperators(): ObservedOperator[] {
  return native.observedOperators();
}

/**
 * Calls into CUDA's runtime since the process began, by name; `null` where the library of
 * `bench/gpu/cudaCounters.c` is not preloaded.
 */
export function cudaCounters(): Record<string, number> | null {
  return native.cudaCounters();
}
