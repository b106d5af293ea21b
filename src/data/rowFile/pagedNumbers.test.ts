/** Lists of numbers in pages. */
import { closeSync, openSync, truncateSync, writeSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, test } from "vitest";
import { testFolder } from "../testFiles.js";
import { DamagedNumbersError, numberWriter, openNumbers } from "./pagedNumbers.js";

const folder = testFolder();
afterAll(() => folder.remove());

/** More than the 16 MiB that stay in memory: offsets of rows in a file beyond 2^32 bytes. */
const many = 2_300_000;
const valueAt = (index: number) => index * 4099 + (index % 7);

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function heldBytes(): Promise<number> {
  // Buffers are freed a while after they were found to be garbage.
  for (let times = 0; times < 3; times++) {
    collectGarbage();
    await wait(50);
  }
  return process.memoryUsage().arrayBuffers;
}

function written(name: string, length: number): string {
  const path = folder.path(name);
  const writer = numberWriter(path);
  for (let index = 0; index < length; index++) writer.push(valueAt(index));
  expect(writer.length).toBe(length);
  expect(writer.finish()).toBeUndefined();
  return path;
}

describe("numbers in pages", () => {
  test.each([0, 1, 2047, 2048, 4094, 200_000])(
    "%i of them are read as they were written",
    (length) => {
      const memory = numberWriter();
      for (let index = 0; index < length; index++) memory.push(valueAt(index));
      const stored = openNumbers(written(`${length}`, length), length);
      for (const numbers of [memory.finish()!, stored]) {
        expect(numbers.length).toBe(length);
        for (let index = length - 1; index >= 0; index--) {
          if (numbers.at(index) !== valueAt(index)) expect(index).toBe(-1);
        }
        numbers.close();
      }
    },
  );

  test("more than fit in memory are read in any order", () => {
    const numbers = openNumbers(written("many", many), many);
    for (let step = 0; step < 5000; step++) {
      const index = (step * 7_919_003) % many;
      expect(numbers.at(index)).toBe(valueAt(index));
    }
    numbers.close();
  });

  test("of many files no more stay in memory than of one", async () => {
    const path = written("several", many);
    const before = await heldBytes();
    const files = Array.from({ length: 5 }, () => openNumbers(path, many));
    for (const [number, file] of files.entries()) {
      expect(file.at(number * 400_000)).toBe(valueAt(number * 400_000));
    }
    expect((await heldBytes()) - before).toBeLessThan(20 << 20);
    for (const file of files) file.close();
    expect((await heldBytes()) - before).toBeLessThan(1 << 20);
  });

  test("of another length, or of a page that changed, are refused", () => {
    const path = written("damaged", 10_000);
    expect(() => openNumbers(path, 20_000)).toThrow(DamagedNumbersError);
    const descriptor = openSync(path, "r+");
    writeSync(descriptor, Buffer.from([1]), 0, 1, 16384 + 77);
    closeSync(descriptor);
    expect(() => openNumbers(path, 10_000)).toThrow(/page 1 of .*damaged is damaged/);
    truncateSync(path, 100);
    expect(() => openNumbers(path, 10_000)).toThrow(DamagedNumbersError);
  });
});
