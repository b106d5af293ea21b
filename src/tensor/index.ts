/** Tensors on libtorch: the class and its lifetime, operators, autograd, devices. */
export {
  customGradient,
  enableGrad,
  type GradOptions,
  grad,
  noGrad,
  vjp,
} from "./autograd.js";
export {
  dequantizeBlockwise,
  dequantizeNf4,
  linearNf4Into,
  pagedBytes,
  prefetchPaged,
  quantizeBlockwise,
} from "./bitsandbytes.js";
export { type CallCounts, countCalls } from "./callCounts.js";
export {
  copyToHost,
  currentStream,
  defaultDevice,
  deviceProperties,
  devices,
  emptyCache,
  type HostCopy,
  memoryStatistics,
  newStream,
  onStream,
  resetPeakMemory,
  type Stream,
  setDevice,
  synchronize,
  upload,
} from "./device.js";
export { bytesPerElement, type Device, type DType, type TensorData } from "./dtype.js";
export { gemmRate, type PeakRate, peakGemmRate } from "./gemm.js";
export { Generator, manualSeed } from "./generator.js";
export type {
  DeviceProperties,
  HostMemory,
  MemoryStatistics,
  ObservedOperator,
} from "./native.js";
export { cudaCounters, observedOperators, observeOperators } from "./observe.js";
export * from "./ops.gen.js";
export { rehearse, rehearsedMemory, resetRehearsedPeak } from "./rehearsal.js";
export {
  capabilities,
  hostMemory,
  limitHostMemory,
  refuseAllocations,
  resetHostPeak,
  setThreads,
  threads,
  torchVersion,
  trimMemory,
} from "./runtime.js";
export { dispose, hold, keep, liveTensors, releaseBytes, Tensor, tensor, tidy } from "./tensor.js";
export { requestedThreads } from "./threadCount.js";
