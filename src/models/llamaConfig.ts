/** The configuration of a model of another family that is written as a Llama. */
import { entriesOf, type JsonValue, numberOf } from "../util/json/index.js";
import type { ModelConfig } from "./config.js";
import { llama } from "./llama.js";

/** Keys of config.json that only the classes in a model's own Python files read. */
const classKeys: readonly string[] = ["auto_map", "tokenizer_class"];

/**
 * @param dropped further keys that only the other family reads
 * @param own what Llama reads under names of its own, or with other defaults
 */
export function llamaConfig(
  { raw, stored = {} }: ModelConfig,
  dropped: readonly string[],
  own: Readonly<Record<string, JsonValue>>,
): ModelConfig {
  const leftOut = new Set([...classKeys, ...dropped]);
  const without = <Value>(entries: [string, Value][]) =>
    Object.fromEntries(entries.filter(([key]) => !leftOut.has(key)));
  const values: Record<string, JsonValue> = {
    ...own,
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    mlp_bias: false,
  };
  const plain = Object.entries(values).map(([key, value]) => [key, numberOf(value) ?? value]);
  const asRead = { ...without(Object.entries(raw)), ...Object.fromEntries(plain) };
  return {
    ...llama.configure(asRead, "config.json"),
    stored: { ...without(entriesOf(stored)), ...values },
  };
}
