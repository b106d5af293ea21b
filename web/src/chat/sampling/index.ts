/** Sampling: values, presets and the panel that sets them. */
export { ownSampling, type Sampling, samplingFields, withValue } from "./sampling";
