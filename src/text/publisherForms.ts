/**
 * Formats that the publishers of models trained with, as their own chat templates and code write them
 * (`test/parity/named_template_fixtures.py` names the sources).
 */
import type { IdForm, StringForm } from "./templateForm.js";

const chatml = {
  kind: "string",
  system: "<|im_start|>system\n{content}<|im_end|>\n",
  user: "<|im_start|>user\n{content}<|im_end|>\n",
  prompt: "<|im_start|>assistant\n",
  assistant: "{content}<|im_end|>\n",
  stop: "<|im_end|>",
  tokens: ["<|im_start|>"],
} satisfies StringForm;

/** Mistral-7B-Instruct v0.1 and v0.2, Mixtral-8x7B-Instruct: the template "v1" of mistral-common. */
const mistral = {
  kind: "string",
  begin: "{bos}",
  systemInUser: "{system}\n\n{content}",
  user: " [INST] {content} [/INST]",
  prompt: "",
  assistant: " {content}{eos}",
  stop: "{eos}",
} satisfies StringForm;

/** Baichuan-13B-Chat and Baichuan2-Chat use the same ids. */
const baichuan = { kind: "ids", layout: "baichuan-official" } satisfies IdForm;

export const publisherForms: Readonly<Record<string, StringForm | IdForm>> = {
  chatml,
  /** Yi-6B-Chat, Yi-34B-Chat. */
  yi: chatml,
  /** Qwen-Chat, Qwen1.5, Qwen2. */
  qwen: { ...chatml, defaultSystem: "You are a helpful assistant." },
  /** InternLM2-Chat, InternLM2.5-Chat. */
  internlm2: { ...chatml, begin: "{bos}" },
  /** Llama 2 Chat. */
  llama2: {
    kind: "string",
    systemInUser: "<<SYS>>\n{system}\n<</SYS>>\n\n{content}",
    user: "{bos}[INST] {content} [/INST]",
    prompt: "",
    assistant: " {content} {eos}",
    stop: "{eos}",
    trim: true,
  },
  /** Llama 3 Instruct; from 3.1 on the models' own templates say more. */
  llama3: {
    kind: "string",
    begin: "{bos}",
    system: "<|start_header_id|>system<|end_header_id|>\n\n{content}<|eot_id|>",
    user: "<|start_header_id|>user<|end_header_id|>\n\n{content}<|eot_id|>",
    prompt: "<|start_header_id|>assistant<|end_header_id|>\n\n",
    assistant: "{content}<|eot_id|>",
    stop: "<|eot_id|>",
    trim: true,
    tokens: ["<|start_header_id|>", "<|end_header_id|>"],
  },
  mistral,
  mixtral: mistral,
  /** Zephyr-7B. */
  zephyr: {
    kind: "string",
    system: "<|system|>\n{content}{eos}\n",
    user: "<|user|>\n{content}{eos}\n",
    prompt: "<|assistant|>\n",
    assistant: "{content}{eos}\n",
    stop: "{eos}",
  },
  /** Vicuna 1.1 to 1.5, as FastChat trains them. */
  vicuna: {
    kind: "string",
    bosFirst: true,
    system: "{content} ",
    defaultSystem:
      "A chat between a curious user and an artificial intelligence assistant. " +
      "The assistant gives helpful, detailed, and polite answers to the user's questions.",
    user: "USER: {content} ",
    prompt: "ASSISTANT:",
    assistant: " {content}</s>",
    stop: "</s>",
  },
  /** Stanford Alpaca; several turns are ours. */
  alpaca: {
    kind: "string",
    bosFirst: true,
    system: "{content}\n\n",
    defaultSystem:
      "Below is an instruction that describes a task. " +
      "Write a response that appropriately completes the request.",
    user: "### Instruction:\n{content}\n\n",
    prompt: "### Response:",
    assistant: "{content}{eos}",
    stop: "{eos}",
    between: "\n\n",
  },
  /** DeepSeek LLM Chat, DeepSeek-V2-Chat. */
  deepseek: {
    kind: "string",
    begin: "{bos}",
    system: "{content}\n\n",
    user: "User: {content}\n\n",
    prompt: "Assistant:",
    assistant: " {content}{eos}",
    stop: "{eos}",
  },
  /** XVERSE-7B-Chat, XVERSE-13B-Chat. */
  xverse: {
    kind: "string",
    system: "{content}\n\n",
    user: "Human: {content}\n\n",
    prompt: "Assistant: ",
    assistant: "{content}{eos}",
    stop: "{eos}",
  },
  /** Gemma, Gemma 2: they have no system message. */
  gemma: {
    kind: "string",
    begin: "{bos}",
    user: "<start_of_turn>user\n{content}<end_of_turn>\n",
    prompt: "<start_of_turn>model\n",
    assistant: "{content}<end_of_turn>\n",
    stop: "<end_of_turn>",
    trim: true,
    tokens: ["<start_of_turn>"],
  },
  /** Phi-3-mini-instruct. */
  phi3: {
    kind: "string",
    system: "<|system|>\n{content}<|end|>\n",
    user: "<|user|>\n{content}<|end|>\n",
    prompt: "<|assistant|>\n",
    assistant: "{content}<|end|>\n",
    stop: "<|end|>",
    end: "{eos}",
    tokens: ["<|system|>", "<|user|>", "<|assistant|>"],
  },
  baichuan,
  baichuan2: baichuan,
  "baichuan-official": baichuan,
  /** ChatGLM3-6B. */
  chatglm3: { kind: "ids", layout: "chatglm3" },
};
