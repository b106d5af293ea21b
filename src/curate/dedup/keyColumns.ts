/** What rows are joined by: the keys of their bands, their digest or their SimHash. */
import type { Banding } from "./bands.js";
import { minhashAddon } from "./native.js";
import { type SignatureParameters, signatureWords } from "./parameters.js";
import type { RecordBlock } from "./records.js";
import { recordBytes, recordFields, recordHead } from "./signatureFile.js";

/** Numbers of the rows that are compared, and their keys, column by column. */
export function keysOf(
  { firstRow, rows, bytes }: RecordBlock,
  parameters: SignatureParameters,
  { bands, rows: bandRows }: Banding,
): { rows: number[]; keys: BigUint64Array[] } {
  const size = recordBytes(parameters);
  const words = signatureWords(parameters);
  const compared: number[] = [];
  for (let row = 0; row < rows; row++) {
    if (bytes.readUInt32LE(row * size + recordFields.state) === 0) compared.push(row);
  }
  const numbers = compared.map((row) => firstRow + row);
  const column = (offset: number) =>
    BigUint64Array.from(compared, (row) => bytes.readBigUInt64LE(row * size + offset));
  if (parameters.method === "exact") return { rows: numbers, keys: [column(0), column(8)] };
  if (parameters.method === "simhash") return { rows: numbers, keys: [column(recordHead)] };
  const signatures = new Uint32Array(compared.length * words);
  const target = Buffer.from(signatures.buffer);
  for (const [index, row] of compared.entries()) {
    const start = row * size + recordHead;
    bytes.copy(target, 4 * words * index, start, start + 4 * words);
  }
  const keys = minhashAddon().bandKeys(signatures, words, bands, bandRows);
  const count = compared.length;
  return {
    rows: numbers,
    keys: Array.from({ length: bands }, (_, band) =>
      keys.subarray(band * count, (band + 1) * count),
    ),
  };
}
