import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolders } from "./makeFolders.js";
import { brokenLink } from "./missingPath.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-links-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

test("names the link at fault, wherever in the path it is", () => {
  symlinkSync("nowhere", join(work, "broken"));
  symlinkSync("loop", join(work, "loop"));
  symlinkSync(work, join(work, "good"));
  expect(brokenLink(join(work, "broken"))).toContain("a link to nowhere, which does not exist");
  expect(brokenLink(join(work, "good/loop/rows.jsonl"))).toContain("leads back to itself");
  expect(brokenLink(join(work, "good/missing"))).toBeUndefined();
});

test("folders are made, and one that cannot be made is told at once", () => {
  makeFolders(join(work, "a/b/c"));
  makeFolders(join(work, "a/b/c"));
  expect(() => makeFolders("/proc/nowhere/deeper")).toThrow("ENOENT");
});
