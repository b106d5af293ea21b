/** Which family computes which `model_type`. To add one: its file, a line here, a parity test. */
import type { ModelConfig } from "../format/index.js";
import { ConfigError } from "../util/errors.js";
import { llama } from "./llama.js";
import type { ModelFamily } from "./types.js";

const families: Readonly<Record<string, ModelFamily>> = { llama };

/**
 * The family of a configuration, checked.
 *
 * @throws ConfigError where the family or one of its options is not supported.
 */
export function modelFamily(config: ModelConfig): ModelFamily {
  const family = Object.hasOwn(families, config.model_type)
    ? families[config.model_type]
    : undefined;
  if (!family) {
    throw new ConfigError(`models of type "${config.model_type}" are not supported`, {
      why: `supported are: ${Object.keys(families).join(", ")}`,
    });
  }
  family.check(config);
  return family;
}
