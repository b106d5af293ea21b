/** Layers that Tunewright computes as one product, taken apart into Hugging Face's weights. */

type Values = Float32Array<ArrayBuffer>;

/** `q_proj+k_proj+v_proj.weight` holds three of Hugging Face's weights, one behind the other. */
function partsOf(name: string): string[] {
  const [, prefix, stacked, kind] = /^(.*?)([^.]*)(\.\w+)$/.exec(name)!;
  return stacked!.split("+").map((part) => `${prefix}${part}${kind}`);
}

/**
 * Our values under Hugging Face's names.
 *
 * @param sizeOf elements of a weight in the reference
 */
export function unstack(
  ours: ReadonlyMap<string, Values>,
  sizeOf: (name: string) => number,
): Map<string, Values> {
  const parts = new Map<string, Values>();
  for (const [stackedName, stacked] of ours) {
    let start = 0;
    for (const part of partsOf(stackedName)) {
      const size = sizeOf(part);
      parts.set(part, stacked.subarray(start, start + size));
      start += size;
    }
    if (start !== stacked.length) throw new Error(`${stackedName} has ${stacked.length} elements`);
  }
  return parts;
}
