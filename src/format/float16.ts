/** IEEE half precision to single, by table: JavaScript has no Float16Array before Node 24. */

let table: Float32Array | undefined;

/** The value of every 16-bit pattern as an IEEE half; 256 KiB, made on first use. */
export function halfToSingle(): Float32Array {
  if (table) return table;
  const values = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    let value: number;
    if (exponent === 0) value = fraction * 2 ** -24;
    else if (exponent === 31) value = fraction ? Number.NaN : Number.POSITIVE_INFINITY;
    else value = (1 + fraction / 1024) * 2 ** (exponent - 15);
    values[bits] = sign * value;
  }
  table = values;
  return values;
}
