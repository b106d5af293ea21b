/**
 * TensorFlow's record files, which TensorBoard reads: each record is its length (8 bytes), a checksum of
 * the length (4), the data, and a checksum of the data (4), all little-endian.
 */
import { maskedCrc32c } from "./crc32c.js";

/** A record with its length and checksums. */
export function frameRecord(data: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(8 + 4 + data.length + 4);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(maskedCrc32c(framed.subarray(0, 8)), 8);
  framed.set(data, 12);
  framed.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return framed;
}
