import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { otherLibraries } from "./otherLibraries.js";

const folder = mkdtempSync(join(tmpdir(), "tunewright-libraries-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("another torch that the dynamic linker finds first is named, and our own is none", () => {
  writeFileSync(join(folder, "libc10.so"), "");
  const link = `${folder}-link`;
  symlinkSync(folder, link);
  const explain = (env: Record<string, string>, own = "/own/lib") => otherLibraries(env, own);
  try {
    expect(explain({})).toBeUndefined();
    expect(explain({ LD_LIBRARY_PATH: "", LD_PRELOAD: "/lib/libjemalloc.so" })).toBeUndefined();
    expect(explain({ LD_LIBRARY_PATH: `/nowhere:${folder}` })).toContain(
      `${folder}, whose libc10.so`,
    );
    expect(explain({ LD_LIBRARY_PATH: link }, folder)).toBeUndefined();
    expect(explain({ LD_PRELOAD: "/a/libtorch_cpu.so /b.so" })).toContain("LD_PRELOAD has /a/lib");
  } finally {
    rmSync(link);
  }
});
