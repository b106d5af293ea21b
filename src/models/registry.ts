/** Which family computes which `model_type`. To add one: its file, a line here, a parity fixture. */
import { ConfigError } from "../util/errors.js";
import { baichuan } from "./baichuan.js";
import { chatglm } from "./chatglm.js";
import { deepseek_v2 } from "./deepseek_v2.js";
import { gemma2 } from "./gemma2.js";
import { gemma3_text } from "./gemma3_text.js";
import { glm4 } from "./glm4.js";
import { internlm2 } from "./internlm2.js";
import { llama } from "./llama.js";
import { mistral } from "./mistral.js";
import { olmo2 } from "./olmo2.js";
import { phi3 } from "./phi3.js";
import { qwen2 } from "./qwen2.js";
import { qwen3 } from "./qwen3.js";
import { qwen3_moe } from "./qwen3_moe.js";
import type { ModelFamily } from "./types.js";

export const families: Readonly<Record<string, ModelFamily>> = {
  llama,
  mistral,
  qwen2,
  qwen3,
  qwen3_moe,
  deepseek_v2,
  phi3,
  olmo2,
  glm4,
  gemma2,
  gemma3_text,
  internlm2,
  chatglm,
  baichuan,
};

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
