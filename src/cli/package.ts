/** The checkout that this program runs from. */
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Root folder of the checkout, the same seen from `src/cli` and from `dist/cli`. */
export function packageRoot(): string {
  return resolve(dirname(fileURLToPath(import.meta.url)), "../..");
}

export { packageVersion } from "../util/packageRoot.js";
