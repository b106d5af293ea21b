/** CRC-32C (Castagnoli), RFC 3720 appendix B.4, and the masked form that record files store. */
import { reflectedCrc32 } from "../../util/crc.js";

/** The checksum of bytes, 32 bits unsigned. */
export const crc32c = reflectedCrc32(0x82f63b78);

/**
 * The checksum as it is stored: rotated and moved by a constant, since the checksum of data that
 * holds its own checksum says little.
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
