import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { createRunFile, scanRunFile } from "./runFile.js";

const directory = mkdtempSync(join(tmpdir(), "run-file-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed) % 251);
}

/** Lengths with which chunks end at and around the end of a block. */
const lengths = [
  0, 1, 32_740, 6, 32_747, 7, 32_761, 32_762, 100_000, 32_754, 0, 32_755, 5, 65_522, 3, 70_000,
];

it("reads back what it wrote, whatever the place of a record in its block", () => {
  for (let shift = 0; shift < 8; shift++) {
    const file = join(directory, `${shift}.wandb`);
    const records = [bytesOf(shift, 7), ...lengths.map(bytesOf)];
    const writer = createRunFile(file);
    writer.append(records.slice(0, 5));
    for (const record of records.slice(5)) writer.append([record]);
    writer.close();
    const read = scanRunFile(readFileSync(file));
    expect(read).toHaveLength(records.length);
    for (const [index, { bytes }] of read.entries())
      expect(Buffer.compare(bytes, records[index]!)).toBe(0);
  }
});

it("leaves a torn record, and goes on where it had stopped", () => {
  const file = join(directory, "torn.wandb");
  const writer = createRunFile(file);
  const records = [bytesOf(40, 1), bytesOf(33_000, 2), bytesOf(9, 3)];
  writer.append(records);
  writer.close();
  const whole = readFileSync(file);
  const ends = scanRunFile(whole).map(({ end }) => end);
  expect(ends.at(-1)).toBe(whole.length);
  const cuts = [0, 3, 7, 8, ends[0]! - 1, ends[0]!, 32_767, 32_775, ends[1]! - 1, ends[1]! + 3];
  for (const cut of cuts) {
    const first = scanRunFile(whole.subarray(0, cut));
    expect(first).toHaveLength(ends.filter((end) => end <= cut).length);
    const from = first.at(-1)?.end ?? 0;
    const rest = scanRunFile(whole.subarray(from), from);
    expect(first.length + rest.length).toBe(records.length);
  }
});

it("stops at a changed byte, and takes nothing from a file of another kind", () => {
  const file = join(directory, "changed.wandb");
  const writer = createRunFile(file);
  writer.append([bytesOf(20, 1), bytesOf(20, 2)]);
  writer.close();
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  expect(scanRunFile(bytes)).toHaveLength(1);
  appendFileSync(file, "more");
  expect(scanRunFile(readFileSync(file).subarray(1))).toEqual([]);
});
