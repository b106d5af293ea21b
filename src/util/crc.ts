/** Cyclic redundancy checks of 32 bits with reflected bits, which record files carry. */

/** A checksum of the bytes of `parts`, one after the other; 32 bits unsigned. */
export type Checksum = (...parts: readonly Uint8Array[]) => number;

/** @param polynomial with its bits reversed: 0xedb88320 for CRC-32 (IEEE), 0x82f63b78 for CRC-32C */
export function reflectedCrc32(polynomial: number): Checksum {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc >>> 0;
  });
  return (...parts) => {
    let crc = 0xffffffff;
    for (const part of parts) {
      for (const byte of part) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255]!;
    }
    return (crc ^ 0xffffffff) >>> 0;
  };
}
