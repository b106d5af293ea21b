/** The addons that need no libtorch. Set-up compiles each (scripts/setup/smallAddons.mjs); one file loads each. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { EnvironmentError } from "./errors.js";
import { packageRoot } from "./packageRoot.js";

export type SmallAddonKey = "minhashAddon" | "fileLockAddon" | "processAddon" | "ggufBlocksAddon";

/**
 * @param key what `.tunewright/runtime.json` calls it
 * @param title how messages call it
 * @throws EnvironmentError where set-up has not compiled it
 */
export function loadSmallAddon<Addon>(key: SmallAddonKey, title: string): Addon {
  const root = packageRoot();
  try {
    const runtime = JSON.parse(readFileSync(join(root, ".tunewright/runtime.json"), "utf8"));
    const file = (runtime as Partial<Record<typeof key, string>>)[key];
    if (!file) throw new Error("runtime.json does not list it");
    return createRequire(import.meta.url)(resolve(root, file)) as Addon;
  } catch (cause) {
    throw new EnvironmentError(`${title} cannot be loaded`, {
      why: cause instanceof Error ? cause.message.split("\n")[0]! : String(cause),
      todo: "run ./tunewright setup",
      cause,
    });
  }
}
