/** Llama 3's stretched positions as one divisor for each rotary frequency, as llama.cpp stores them. */
import type { RopeScaling } from "../nn/index.js";

/**
 * Wavelengths beyond the trained length are stretched by `factor`, those far within it not at all.
 *
 * @param count frequencies, hd / 2
 * @returns divisors of the frequencies, from the highest
 */
export function llama3Factors(theta: number, count: number, scaling: RopeScaling): Float32Array {
  const { factor = 1, low_freq_factor: low = 1, high_freq_factor: high = 4 } = scaling;
  const original = scaling.original_max_position_embeddings ?? 8192;
  return Float32Array.from({ length: count }, (_, i) => {
    const wavelength = 2 * Math.PI * theta ** (i / count);
    const smooth = Math.min(1, Math.max(0, (original / wavelength - low) / (high - low)));
    return 1 / ((1 - smooth) / factor + smooth);
  });
}
