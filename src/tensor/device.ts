/** Devices: which are here, what they are, their streams, and copies that nobody waits for. */
import type { Device, DType, TensorData } from "./dtype.js";
import { type DeviceProperties, type MemoryStatistics, native } from "./native.js";
import { keep, Tensor, tensor, tidy } from "./tensor.js";

/** The devices that can be used, `cpu` first. */
export function devices(): Device[] {
  return native.devices() as Device[];
}

/** The accelerator that this thread uses now, or the CPU where there is none. */
export function defaultDevice(): Device {
  return native.currentDevice() as Device;
}

/** Makes an accelerator the one that this thread uses: `cuda` without a number means it. */
export function setDevice(device: Device): void {
  native.setDevice(device);
}

/** What a CUDA device is; `null` for the CPU. */
export function deviceProperties(device: Device): DeviceProperties | null {
  return native.deviceProperties(device);
}

/** Waits for all work of a device, by default the current one; nothing to do on the CPU. */
export function synchronize(device?: Device): void {
  native.synchronize(device);
}

/** Memory of this thread's live tensors and of the accelerator's allocator, in bytes. */
export function memoryStatistics(): MemoryStatistics {
  return native.memory();
}

/** From here on the peaks of {@link memoryStatistics} count anew. */
export function resetPeakMemory(): void {
  native.resetPeakMemory();
}

/** Gives freed memory of the current accelerator back to its driver. Waits for the device. */
export function emptyCache(): void {
  native.emptyCache();
}

/** A queue of work on a device; work of two streams may run at the same time. */
export interface Stream {
  readonly device: Device;
  /** 0 is the default stream. */
  readonly id: number;
}

/** A stream of its own out of libtorch's pool. The CPU has one only. */
export function newStream(device: Device): Stream {
  return { device, id: native.newStream(device) };
}

/** The stream that operators on a device run on now. */
export function currentStream(device: Device): Stream {
  return { device, id: native.currentStream(device) };
}

/**
 * Runs `body` with its operators on a stream. The stream first waits for what was asked of the current
 * one, and afterwards the current one waits for the stream, so that tensors may be passed freely; the
 * host waits for neither.
 */
export function onStream<T>(stream: Stream, body: () => T): T {
  const { device, id } = stream;
  const before = native.currentStream(device);
  native.setStream(device, id);
  try {
    native.waitForStream(device, before);
    return body();
  } finally {
    native.setStream(device, before);
    native.waitForStream(device, id);
  }
}

/**
 * A new tensor on a device with a copy of `data`. The host does not wait for the copy to arrive.
 *
 * @param shape default: one dimension
 * @param dtype default: the one of the typed array
 */
export function upload(
  data: TensorData,
  device: Device,
  shape?: readonly number[],
  dtype?: DType,
): Tensor {
  if (device === "cpu") return tensor(data, shape, dtype);
  return tidy(() => tensor(data, shape, dtype, true).to({ device, nonBlocking: true }));
}

/** A copy on its way from a device to the host. */
export interface HostCopy {
  /** Whether the values are there, so that {@link HostCopy.take} does not wait. */
  ready(): boolean;
  /** The values, waited for where need be; a tensor of the CPU that is the caller's to dispose. */
  take(): Tensor;
  /** Gives the copy up. */
  dispose(): void;
}

/**
 * Begins to copy a tensor to the host, without waiting for the device: for values that are needed
 * later, such as a loss that is shown a step behind. The tensor may be changed or freed at once.
 */
export function copyToHost(source: Tensor): HostCopy {
  const [handle, recorded] = native.copyToHost(source.handle);
  const host = keep(new Tensor(handle));
  let event = recorded;
  return {
    ready: () => event === null || native.eventReady(event),
    take() {
      if (event !== null) native.eventWait(event);
      event = null;
      return host;
    },
    dispose() {
      if (event !== null) native.eventRelease(event);
      event = null;
      host.dispose();
    },
  };
}
