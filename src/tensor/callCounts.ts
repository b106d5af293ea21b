/**
 * Counts what crosses into libtorch: operator calls, data that is uploaded, values that the host
 * reads. Tests pin the counts of a training step, since each read of a device waits for its work.
 */
import { operatorName } from "./dispatch.js";
import { type NativeAddon, native } from "./native.js";

/** What was called since counting began. */
export interface CallCounts {
  /** Calls by operator, named as in libtorch without `aten::`. */
  operators: Record<string, number>;
  /** Sum of `operators`. */
  calls: number;
  /** Tensors made from bytes of JavaScript. */
  uploads: number;
  /** Values read by `item()` and memory looked into by `bytes()`. */
  reads: number;
}

type Counted = Pick<NativeAddon, "call" | "fromBytes" | "item" | "bytes">;

/**
 * Counts the calls of this thread until `stop`; when nothing is counted, it costs nothing. Counting
 * inside of counting counts for both.
 *
 * @returns `counts`, which rise as calls are made
 */
export function countCalls(): { counts: CallCounts; stop(): void } {
  const counts: CallCounts = { operators: {}, calls: 0, uploads: 0, reads: 0 };
  const { call, fromBytes, item, bytes } = native;
  const counting: Counted = {
    call(operator, ...values) {
      const name = operatorName(operator);
      counts.operators[name] = (counts.operators[name] ?? 0) + 1;
      counts.calls++;
      return call(operator, ...values);
    },
    fromBytes(...values) {
      counts.uploads++;
      return fromBytes(...values);
    },
    item(tensor) {
      counts.reads++;
      return item(tensor);
    },
    bytes(tensor) {
      counts.reads++;
      return bytes(tensor);
    },
  };
  Object.assign(native, counting);
  return { counts, stop: () => void Object.assign(native, { call, fromBytes, item, bytes }) };
}
