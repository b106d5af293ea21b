/** Path of the built-in small model, which set-up puts there. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ConfigError, EnvironmentError } from "./errors.js";
import { packageRoot } from "./packageRoot.js";

/** SmolLM2-135M-Instruct, as users name it. */
export const builtinModelName = "builtin:smollm2-135m";

const fileName = "smollm2-135m-instruct-q4_1.gguf";

/** Path of the built-in model's GGUF file, whether or not it exists. */
export function builtinModelPath(): string {
  const given = process.env.TUNEWRIGHT_BUILTIN_MODEL;
  if (given) return resolve(given);
  return join(packageRoot(), ".tunewright", "models", fileName);
}

/**
 * Turns `builtin:…` into a path; returns any other name unchanged.
 * @throws ConfigError for an unknown built-in model
 * @throws EnvironmentError when the built-in model has not been set up
 */
export function resolveModelPath(name: string): string {
  if (!name.startsWith("builtin:")) return name;
  if (name !== builtinModelName) {
    throw new ConfigError(`unknown built-in model ${JSON.stringify(name)}`, {
      todo: `use ${builtinModelName}, a model directory or a .gguf file`,
    });
  }
  const path = builtinModelPath();
  if (!existsSync(path)) {
    throw new EnvironmentError("the built-in model is not set up", {
      why: `${path} does not exist`,
      todo: "run ./tunewright setup",
    });
  }
  return path;
}
