/** Which family computes which `model_type`. To add one: its file, a line here, a parity fixture. */
import { ConfigError } from "../util/errors.js";
import { baichuan } from "./baichuan.js";
import { llama } from "./llama.js";
import { qwen2 } from "./qwen2.js";
import { qwen3 } from "./qwen3.js";
import type { ModelFamily } from "./types.js";

export const families: Readonly<Record<string, ModelFamily>> = { llama, qwen2, qwen3, baichuan };

/**
 * The family of a `model_type`.
 *
 * @throws ConfigError where there is none.
 */
export function modelFamily(modelType: string): ModelFamily {
  const family = Object.hasOwn(families, modelType) ? families[modelType] : undefined;
  if (family) return family;
  throw new ConfigError(`models of type "${modelType}" are not supported`, {
    why: `supported types: ${Object.keys(families).join(", ")}`,
  });
}
