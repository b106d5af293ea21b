/** Sampling: values, presets and the panel that sets them. */
export { SamplingPanel } from "./SamplingPanel";
export { ownSampling, type Sampling, samplingFields, withValue } from "./sampling";
