/** Real conversations and benchmarks for tests, where they lie beside the project. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder =
  process.env.TUNEWRIGHT_DATA ?? fileURLToPath(new URL("../../shared/data", import.meta.url));

/** Absolute path of something in it. */
export function sharedPath(path: string): string {
  return join(folder, path);
}

/** Whether it is there; tests of what is not skip. */
export function hasShared(path: string): boolean {
  return existsSync(sharedPath(path));
}
