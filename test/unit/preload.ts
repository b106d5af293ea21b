/** Libraries that stand between a program and the C library, for faults that no machine shows when asked. */
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Compiles C source to a library for LD_PRELOAD, in a folder of its own, and returns its path. */
export function preloadLibrary(source: string): string {
  const library = join(mkdtempSync(join(tmpdir(), "tunewright-preload-")), "faults.so");
  const flags = ["-shared", "-fPIC", "-x", "c", "-", "-o", library, "-ldl"];
  const compiled = spawnSync(process.env.CXX ?? "c++", flags, { input: source, encoding: "utf8" });
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  return library;
}
