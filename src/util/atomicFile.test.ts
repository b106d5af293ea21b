/** Files that are there whole or not at all. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeAtomic, writeFileAtomic } from "./atomicFile.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tunewright-atomic-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([true, false])("a file is replaced as a whole (durable: %s)", (durable) => {
  const file = join(folder, "file");
  writeFileAtomic(file, "first 一", { durable });
  writeAtomic(
    file,
    (write) => {
      write(Buffer.from("sec"));
      expect(readFileSync(file, "utf8")).toBe("first 一");
      write(Buffer.from("ond"));
    },
    { durable },
  );
  expect(readFileSync(file, "utf8")).toBe("second");
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("what fails leaves the file as it was, and nothing beside it", () => {
  const file = join(folder, "file");
  writeFileAtomic(file, "first");
  const failing = () =>
    writeAtomic(file, (write) => {
      write(Buffer.from("half"));
      throw new Error("disk full");
    });
  expect(failing).toThrow("disk full");
  expect(readFileSync(file, "utf8")).toBe("first");
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("two that write one file at once do not write into each other's", () => {
  const file = join(folder, "file");
  writeAtomic(file, (write) => {
    write(Buffer.from("ou"));
    writeFileAtomic(file, "inner");
    write(Buffer.from("ter"));
  });
  expect(readFileSync(file, "utf8")).toBe("outer");
});
