/** What a model on this machine says of itself, for programs whose defaults depend on it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../values.js";

export interface ModelFacts {
  readonly type?: string;
  readonly dtype?: string;
  readonly positions?: number;
}

/** Facts of `config.json`; none where `model` is no folder on this machine. */
export function modelFacts(model: unknown): ModelFacts {
  if (typeof model !== "string") return {};
  const config = readConfig(join(model, "config.json"));
  if (!config) return {};
  const { model_type: type, max_position_embeddings: positions } = config;
  const dtype = config.dtype ?? config.torch_dtype;
  return {
    ...(typeof type === "string" ? { type } : {}),
    ...(typeof dtype === "string" ? { dtype } : {}),
    ...(typeof positions === "number" ? { positions } : {}),
  };
}

function readConfig(file: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
