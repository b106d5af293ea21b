/** Adapters and 4-bit weights. */
export { type AdaptedLinear, type Adapter, adaptLinear, isAdapted } from "./adapter.js";
export {
  adaptersOf,
  attachAdapters,
  describeAdapters,
  type LoraOptions,
  type TargetLayer,
  targetLayers,
  trainAdapters,
} from "./attach.js";
export { dynamicMap, nf4Code } from "./codes.js";
export {
  type AdapterConfig,
  isAdapterDirectory,
  loadAdapter,
  readAdapterConfig,
  saveAdapter,
} from "./files.js";
export { dequantizeNf4Tensor, type Nf4Tensor, quantizeNf4 } from "./nf4.js";
export { type QuantizedLinear, quantizedLinear, quantizeLinear } from "./nf4Linear.js";
