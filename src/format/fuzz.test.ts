/**
 * Thousands of damaged files: each is refused with a FormatError or read to its end, in little
 * memory. FORMAT_FUZZ sets how many of each kind (default 4,000, a quarter of it for torch.save's), to run it for longer by hand.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { FormatError } from "../util/errors.js";
import type { FileReader } from "../util/fileReader.js";
import { readMetadata } from "./ggufMetadata.js";
import { readGguf } from "./ggufWeights.js";
import { readSafetensors } from "./safetensorsReader.js";
import { ggufBytes, memoryFile, safetensorsBytes, tensor, tinyLlama } from "./testFiles.js";
import { readTorchFile } from "./torch/reader.js";
import { elementCount, type WeightReader } from "./weights.js";

const MUTANTS = Number(process.env.FORMAT_FUZZ ?? 4000);
const MAX_RISE_BYTES = 64 << 20;

/** Repeatable random numbers below `limit` (mulberry32). */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const BYTES = [0, 1, 7, 8, 9, 32, 34, 44, 48, 57, 58, 91, 93, 123, 125, 127, 128, 254, 255];
const NUMBERS = [0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

/** One to four changes in the first `limit` bytes: bits, bytes, 64-bit numbers, cuts, copies. */
function mutate(original: Buffer, limit: number, next: (limit: number) => number): Buffer {
  let bytes: Buffer = Buffer.from(original);
  for (let changes = next(4); changes >= 0; changes--) {
    const at = next(Math.max(1, Math.min(limit, bytes.length)));
    const kind = next(6);
    if (kind === 0) bytes[at]! ^= 1 << next(8);
    else if (kind === 1) bytes[at] = BYTES[next(BYTES.length)]!;
    else if (kind === 2 && at + 8 <= bytes.length) {
      bytes.writeBigUInt64LE(NUMBERS[next(NUMBERS.length)]!, at);
    } else if (kind === 3 && next(4) === 0) bytes = bytes.subarray(0, at);
    else {
      const size = next(24);
      const piece = bytes.subarray(at, at + size);
      const rest = bytes.subarray(kind === 4 ? at : at + size);
      bytes = Buffer.concat([bytes.subarray(0, at), kind === 4 ? piece : Buffer.alloc(0), rest]);
    }
  }
  return bytes;
}

function readEverything(weights: WeightReader): void {
  for (const name of weights.names()) {
    const { shape } = weights.info(name);
    // A damaged shape may be as large as the file pretends to be.
    if (elementCount(shape) > 100_000) continue;
    let next = 0;
    for (const { start, count } of weights.chunks(name, 64)) {
      expect(start).toBe(next);
      next += count;
    }
    expect(next).toBe(elementCount(shape));
  }
}

function fuzz(
  original: Buffer,
  header: number,
  seed: number,
  read: (file: FileReader) => void,
  mutants = MUTANTS,
) {
  const next = random(seed);
  let readable = 0;
  const before = process.resourceUsage().maxRSS;
  for (let i = 0; i < mutants; i++) {
    const bytes = mutate(original, header, next);
    // Every other file pretends to be huge, so that counts are not refused for the size alone.
    const size = i % 2 ? bytes.length : Math.max(bytes.length, 2 ** (20 + next(20)));
    try {
      read(memoryFile(bytes, size));
      readable++;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
  const rise = (process.resourceUsage().maxRSS - before) * 1024;
  expect(rise).toBeLessThan(MAX_RISE_BYTES);
  expect(readable).toBeGreaterThan(0);
  expect(readable).toBeLessThan(mutants);
}

it("damaged safetensors files are refused or read, in little memory", () => {
  const header = JSON.stringify({
    __metadata__: { format: "pt" },
    "a.weight": { dtype: "F32", shape: [4, 8], data_offsets: [0, 128] },
    "b.weight": { dtype: "BF16", shape: [10], data_offsets: [128, 148] },
    c: { dtype: "BOOL", shape: [], data_offsets: [148, 149] },
  });
  const bytes = safetensorsBytes(header, 149);
  fuzz(bytes, 8 + header.length, 1, (file) => readEverything(readSafetensors(file)));
});

it("damaged GGUF files are refused or read, in little memory", () => {
  const { metadata, tensors, dataBytes } = tinyLlama();
  const rows = tensors.map(tensor);
  const bytes = ggufBytes({ metadata: Object.values(metadata), tensors: rows, dataBytes });
  fuzz(bytes, bytes.length - dataBytes, 2, (file) => {
    readMetadata(file);
    readEverything(readGguf(file));
  });
});

it.each(["zip", "legacy", "zip64"])(
  "damaged files of torch.save (%s) are refused or read",
  (name) => {
    const path = `../../test/parity/fixtures/torch/${name}.bin`;
    const bytes = readFileSync(fileURLToPath(new URL(path, import.meta.url)));
    fuzz(bytes, bytes.length, 3, (file) => readEverything(readTorchFile(file)));
  },
);
