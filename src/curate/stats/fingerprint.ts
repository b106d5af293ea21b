/**
 * A conversation's fingerprint for the duplicates estimate: a hash of all of it, and a sketch of 128
 * numbers by one-permutation hashing of the shingles that deduplication compares (Li, Owen and Zhang
 * 2012), empty bins filled from the next one to the right (Shrivastava and Li 2014).
 */
import { createHash } from "node:crypto";
import type { Conversation } from "../../text/index.js";
import { comparable, comparedDigest, defaultParameters, tellingText } from "../dedup/index.js";

export const sketchBins = 128;
/** Bands of the sketch, and its bins in each: pairs that are alike in a whole band are compared. */
export const bands = 21;
export const binsPerBand = 6;

export interface Fingerprints {
  /** [rows]; of roles and texts. */
  exact: Float64Array;
  /** [rows]; of the first prompt, NaN where there is none (plain text). */
  prompt: Float64Array;
  /** [rows, bands]; a hash of each band's bins. */
  bands: Uint32Array;
  /** [rows, sketchBins]; the lowest 8 bits of each bin (Li and König 2010). */
  bits: Uint8Array;
}

export function fingerprints(rows: number): Fingerprints {
  return {
    exact: new Float64Array(rows),
    prompt: new Float64Array(rows),
    bands: new Uint32Array(rows * bands),
    bits: new Uint8Array(rows * sketchBins),
  };
}

/**
 * Writes the fingerprint of row `row`.
 * @param common hashes of shingles that many rows have, which do not count
 */
export function addFingerprint(
  into: Fingerprints,
  row: number,
  conversation: Conversation,
  prompt: string,
  common: BigUint64Array,
): void {
  const whole = { conversation, rest: {} };
  into.exact[row] = hashNumber(comparedDigest(whole, "conversation"));
  into.prompt[row] = prompt === "" ? Number.NaN : hashText(prompt);
  const compared = comparable(whole, defaultParameters, common);
  const sketch = onePermutationSketch(compared.shingles);
  // Rows with other numbers or short answers meet in no band.
  const telling = hashText(tellingText(whole, compared)) % 2 ** 32;
  for (let bin = 0; bin < sketchBins; bin++) into.bits[row * sketchBins + bin] = sketch[bin]!;
  for (let band = 0; band < bands; band++) {
    let hash = mix(band ^ telling);
    for (let bin = band * binsPerBand; bin < (band + 1) * binsPerBand; bin++) {
      hash = mix(hash ^ sketch[bin]!);
    }
    into.bands[row * bands + band] = hash >>> 0;
  }
}

/** 52 bits of a SHA-1. */
export function hashText(text: string): number {
  return hashNumber(createHash("sha1").update(text).digest());
}

/** 52 bits of a digest. */
function hashNumber(bytes: Buffer): number {
  return bytes.readUIntBE(0, 6) * 16 + (bytes[6]! >> 4);
}

/** MurmurHash3's finaliser. */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** @param hashes 64 bits of each shingle; at least one */
function onePermutationSketch(hashes: BigUint64Array): Uint32Array {
  const sketch = new Uint32Array(sketchBins);
  const filled = new Uint8Array(sketchBins);
  // The high half of each, whose first seven bits choose the bin.
  const halves = new Uint32Array(hashes.buffer, hashes.byteOffset, 2 * hashes.length);
  for (let index = 1; index < halves.length; index += 2) {
    const bin = halves[index]! >>> 25;
    const value = halves[index]! & 0x1ffffff;
    if (filled[bin] && sketch[bin]! <= value) continue;
    sketch[bin] = value;
    filled[bin] = 1;
  }
  const own = sketch.slice();
  for (let bin = 0; bin < sketchBins; bin++) {
    let distance = 0;
    while (!filled[(bin + distance) % sketchBins]) distance++;
    // The distance takes part, so that two texts' neighbours are not alike by their gaps alone.
    if (distance > 0) sketch[bin] = own[(bin + distance) % sketchBins]! + distance * 0x2000001;
  }
  return sketch;
}

/** Jaccard similarity of two rows' shingles, by their sketches; its standard error is below 0.05. */
export function similarity(bits: Uint8Array, row: number, other: number): number {
  let same = 0;
  const from = row * sketchBins;
  const to = other * sketchBins;
  for (let bin = 0; bin < sketchBins; bin++) if (bits[from + bin] === bits[to + bin]) same++;
  return Math.max(0, (same / sketchBins - 1 / 256) / (1 - 1 / 256));
}
