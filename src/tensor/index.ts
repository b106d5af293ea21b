/** Tensors on libtorch: the class and its lifetime, operators, autograd, devices. */
export {
  customGradient,
  enableGrad,
  type GradOptions,
  grad,
  noGrad,
} from "./autograd.js";
export {
  dequantizeBlockwise,
  dequantizeNf4,
  pagedBytes,
  quantizeBlockwise,
} from "./bitsandbytes.js";
export { bytesPerElement, type Device, type DType, type TensorData } from "./dtype.js";
export { gemmRate } from "./gemm.js";
export { Generator, manualSeed } from "./generator.js";
export type { MemoryStatistics } from "./native.js";
export * from "./ops.gen.js";
export {
  capabilities,
  defaultDevice,
  devices,
  memoryStatistics,
  receivedSignal,
  setThreads,
  synchronize,
  threads,
  trimMemory,
  watchSignals,
} from "./runtime.js";
export { dispose, hold, keep, liveTensors, Tensor, tensor, tidy } from "./tensor.js";
