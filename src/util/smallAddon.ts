/** The addons that need no libtorch. Set-up compiles each (scripts/setup/smallAddons.mjs); one file loads each. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { EnvironmentError } from "./errors.js";
import { packageRoot } from "./packageRoot.js";

export type SmallAddonKey =
  | "minhashAddon"
  | "fileLockAddon"
  | "processAddon"
  | "ggufBlocksAddon"
  | "sandboxAddon";

/**
 * @param key what `.tunewright/runtime.json` calls it
 * @param title how messages call it
 * @throws EnvironmentError where set-up has not compiled it
 */
export function loadSmallAddon<Addon>(key: SmallAddonKey, title: string): Addon {
  try {
    return createRequire(import.meta.url)(pathOf(key)) as Addon;
  } catch (cause) {
    throw notThere(title, cause);
  }
}

/** Absolute path of an addon that another program loads. Parameters and errors as above. */
export function smallAddonFile(key: SmallAddonKey, title: string): string {
  try {
    return pathOf(key);
  } catch (cause) {
    throw notThere(title, cause);
  }
}

function pathOf(key: SmallAddonKey): string {
  const root = packageRoot();
  const runtime = JSON.parse(readFileSync(join(root, ".tunewright/runtime.json"), "utf8"));
  const file = (runtime as Partial<Record<typeof key, string>>)[key];
  if (!file) throw new Error("runtime.json does not list it");
  return resolve(root, file);
}

function notThere(title: string, cause: unknown): EnvironmentError {
  return new EnvironmentError(`${title} cannot be loaded`, {
    why: cause instanceof Error ? cause.message.split("\n")[0]! : String(cause),
    todo: "run ./tunewright setup",
    cause,
  });
}
