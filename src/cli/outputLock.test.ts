import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { withOutput } from "./outputLock.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-output-"));
afterAll(() => rmSync(work, { recursive: true }));

test("one writer at a time, by whatever name, and nothing stays behind", async () => {
  const folder = join(work, "real");
  mkdirSync(folder);
  symlinkSync(folder, join(work, "link"));
  const out = join(folder, "out.jsonl");
  await withOutput(out, [], async () => {
    for (const name of [
      out,
      join(work, "link", "out.jsonl"),
      join(folder, "..", "real", "out.jsonl"),
    ]) {
      const other = withOutput(name, [], async () => "both wrote");
      await expect(other).rejects.toThrow(/being written by another process/);
    }
    expect(await withOutput(join(folder, "other.jsonl"), [], async () => "wrote")).toBe("wrote");
  });
  expect(readdirSync(folder)).toEqual([]);
  expect(await withOutput(out, [], async () => "wrote")).toBe("wrote");
  await expect(withOutput(out, [], () => Promise.reject(new Error("full")))).rejects.toThrow(
    "full",
  );
  expect(existsSync(join(folder, ".out.jsonl.lock"))).toBe(false);
});

test("an output that the inputs would take in is refused", async () => {
  const folder = join(work, "inputs");
  mkdirSync(join(folder, "deep"), { recursive: true });
  writeFileSync(join(folder, "a.jsonl"), "{}\n");
  const write = (out: string, input: string) =>
    withOutput(join(folder, out), [input], async () => "wrote");
  await expect(write("out.jsonl", folder)).rejects.toThrow(/lies in what is read/);
  await expect(write("deep/out.jsonl", folder)).rejects.toThrow(/lies in what is read/);
  await expect(write("out.jsonl", join(folder, "*.jsonl"))).rejects.toThrow(/lies in what is read/);
  expect(await write("out.jsonl", join(folder, "a.jsonl"))).toBe("wrote");
  expect(await write("deep/out.jsonl", join(folder, "*.jsonl"))).toBe("wrote");
  expect(await write("../out.jsonl", folder)).toBe("wrote");
});
