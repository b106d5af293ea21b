/** Names that other programs give to formats which have another name here. */
import { templateForms } from "./templateForms.js";

/** By name here: names of LLaMA-Factory, ms-swift, FastChat, axolotl, and of the models. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  baichuan: ["baichuan-chat", "baichuan-13b-chat"],
  baichuan2: ["baichuan2-chat"],
  qwen: ["qwen1.5", "qwen1-5", "qwen2", "qwen-7b-chat", "qwen2-instruct"],
  "qwen2.5": ["qwen2-5", "qwen25", "qwen2.5-instruct"],
  "qwen3-instruct": ["qwen3-nothink", "qwen3-nothinking", "qwen3-instruct-2507"],
  internlm2: ["intern2", "internlm2-chat", "internlm2.5", "internlm2-5", "internlm2-5-chat"],
  yi: ["yi-chat", "yi-34b-chat"],
  llama2: ["llama-2", "llama-2-chat", "llama2-chat"],
  llama3: ["llama-3", "llama-3-instruct", "llama3-instruct"],
  "llama3.1": ["llama-3.1", "llama31", "llama3-1", "llama3.3", "llama-3.3", "llama3-3"],
  "llama3.2": ["llama-3.2", "llama32", "llama3-2"],
  mistral: ["mistral-v1"],
  "mistral-v3": ["mistral-v2v3", "mistral-7b-v0.3"],
  "mistral-v3-tekken": ["mistral-nemo", "ministral"],
  "mistral-v7-tekken": ["mistral-small", "mistral-2501"],
  vicuna: ["vicuna-v1.1", "vicuna-v1.5"],
  alpaca: ["stanford-alpaca"],
  deepseek: ["deepseek-chat", "deepseek-v2", "deepseek2", "deepseek-llm"],
  "deepseek-v3": ["deepseek3", "deepseek-v2.5", "deepseek-v2-5"],
  "deepseek-r1": ["deepseekr1"],
  glm4: ["glm-4", "chatglm4", "glm-4-9b-chat"],
  "glm4-0414": ["glm-4-0414"],
  chatglm3: ["chatglm3-6b"],
  gemma: ["gemma2", "gemma-2", "gemma-it"],
  gemma3: ["gemma-3", "gemma3-text"],
  phi3: ["phi-3", "phi"],
  moss: ["moss-sft", "moss-003-sft"],
};

const names: ReadonlyMap<string, string> = new Map(
  Object.entries(aliases).flatMap(([name, others]) => others.map((other) => [other, name])),
);

/**
 * The name here of the format that a name means, whatever its capitals, and with `_` for `-`; the name
 * as it is where it means none.
 */
export function knownTemplateName(name: string): string {
  if (Object.hasOwn(templateForms, name)) return name;
  const plain = name.toLowerCase().replaceAll("_", "-");
  return Object.hasOwn(templateForms, plain) ? plain : (names.get(plain) ?? name);
}
