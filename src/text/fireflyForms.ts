/**
 * Firefly's formats (its `template_name`), by their names here. They often are not what the model's
 * publisher trained with, but what the models that Firefly published were fine-tuned with.
 */
import type { IdForm, StringForm } from "./templateForm.js";

/** Each part is stripped and encoded apart. */
const parts = { kind: "string", trim: true, apart: true } as const;

const chatml = {
  ...parts,
  system: "<|im_start|>system\n{content}<|im_end|>\n",
  user: "<|im_start|>user\n{content}<|im_end|>\n",
  prompt: "<|im_start|>assistant\n",
  assistant: "{content}<|im_end|>\n",
  stop: "<|im_end|>",
} satisfies StringForm;

const llama2System = [
  "You are a helpful, respectful and honest assistant. Always answer as helpfully as possible, while being safe. ",
  "Your answers should not include any harmful, unethical, racist, sexist, toxic, dangerous, or illegal content. ",
  "Please ensure that your responses are socially unbiased and positive in nature.\n\n",
  "If a question does not make any sense, or is not factually coherent, explain why instead of answering something not correct. ",
  "If you don't know the answer to a question, please don't share false information.",
].join("");

const instruction = {
  ...parts,
  system: "<s>{content}",
  defaultSystem: "",
  user: "[INST]{content}[/INST]",
  prompt: "",
  assistant: "{content}</s>",
  stop: "</s>",
} satisfies StringForm;

const internlmSystem = [
  "You are an AI assistant whose name is InternLM (书生·浦语).\n",
  "- InternLM (书生·浦语) is a conversational language model that is developed by Shanghai AI Laboratory (上海人工智能实验室). ",
  "It is designed to be helpful, honest, and harmless.\n",
  "- InternLM (书生·浦语) can understand and communicate fluently in the language chosen by the user such as English and 中文.",
].join("");

function reserved(user: number, assistant: number): StringForm {
  return {
    ...parts,
    user: `<reserved_${user}>{content}<reserved_${assistant}>`,
    prompt: "",
    assistant: "{content}</s>",
    stop: "</s>",
  };
}

/** `firefly-classic` is the format of the published Firefly-Baichuan models. */
export const fireflyForms: Readonly<Record<string, StringForm | IdForm>> = {
  "firefly-classic": { kind: "ids", layout: "firefly-classic" },
  default: {
    ...parts,
    system: "System: {content}\n\n",
    user: "User: {content}\n",
    prompt: "Assistant: ",
    assistant: "{content} {eos}",
    stop: "{eos}",
  },
  "firefly-baichuan": reserved(102, 103),
  "firefly-baichuan2": reserved(106, 107),
  "firefly-yi": chatml,
  "firefly-qwen": { ...chatml, defaultSystem: "You are a helpful assistant." },
  "firefly-llama2": {
    ...parts,
    system: "<<SYS>>\n{content}\n<</SYS>>\n\n",
    defaultSystem: llama2System,
    user: "[INST]{content}[/INST]",
    prompt: "",
    assistant: "{content} </s>",
    stop: "</s>",
  },
  "firefly-llama3": {
    ...parts,
    system: "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{content}<|eot_id|>",
    user: "<|start_header_id|>user<|end_header_id|>\n\n{content}<|eot_id|>",
    prompt: "<|start_header_id|>assistant<|end_header_id|>\n\n",
    assistant: "{content}<|eot_id|>",
    stop: "<|eot_id|>",
  },
  "firefly-mistral": instruction,
  "firefly-mixtral": instruction,
  "firefly-zephyr": {
    ...parts,
    system: "<|system|>\n{content}</s>",
    user: "<|user|>\n{content}</s>\n",
    prompt: "<|assistant|>\n",
    assistant: "{content}</s>\n",
    stop: "</s>",
  },
  "firefly-vicuna": {
    ...parts,
    system: "{content}\n",
    defaultSystem:
      "A chat between a curious user and an artificial intelligence assistant. " +
      "The assistant gives helpful, detailed, and polite answers to the user's questions.",
    user: "USER: {content} ",
    prompt: "ASSISTANT:",
    assistant: "{content}</s>",
    stop: "</s>",
  },
  "firefly-deepseek": {
    ...parts,
    user: "User: {content}\n\n",
    prompt: "Assistant: ",
    assistant: "{content}<｜end▁of▁sentence｜>",
    stop: "<｜end▁of▁sentence｜>",
  },
  "firefly-xverse": {
    ...parts,
    user: "Human: {content}\n\n",
    prompt: "Assistant: ",
    assistant: "{content}<|endoftext|>",
    stop: "<|endoftext|>",
  },
  "firefly-internlm": {
    ...parts,
    system: "<|System|>:{content}\n",
    defaultSystem: internlmSystem,
    user: "<|User|>:{content}\n",
    prompt: "<|Bot|>:",
    assistant: "{content}</s>\n",
    stop: "</s>",
  },
  "firefly-internlm2": { ...chatml, defaultSystem: internlmSystem },
  "firefly-orion": {
    ...parts,
    system: "<s>{content}",
    defaultSystem: "",
    user: "Human: {content}\n\n",
    prompt: "Assistant: </s>",
    assistant: "{content}</s>",
    stop: "</s>",
  },
  "firefly-ziya2": {
    ...parts,
    user: "<human>:{content} ",
    prompt: "<bot>:",
    assistant: "{content}</s>",
    stop: "</s>",
  },
  "firefly-minicpm": {
    ...parts,
    user: "<用户>{content}",
    prompt: "<AI>",
    assistant: "{content}</s>",
    stop: "</s>",
  },
  "firefly-gemma": {
    ...parts,
    system: "<bos>{content}",
    defaultSystem: "",
    user: "<start_of_turn>user\n{content}<end_of_turn>\n",
    prompt: "<start_of_turn>model\n",
    assistant: "{content}<eos>\n",
    stop: "<eos>",
  },
  "firefly-phi3": {
    ...parts,
    user: "<|user|>\n{content}<|end|>\n",
    prompt: "<|assistant|>",
    assistant: "{content}<|end|>\n",
    stop: "<|end|>",
  },
};
