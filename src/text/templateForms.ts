/**
 * Chat formats that are known by name, as plain data. The string forms are Firefly's (its
 * `template_name`), the ids those of Baichuan's own fine-tuning code. `{content}` stands for the
 * message, `{eos}` for the tokenizer's end token.
 */

/** A format that is written as text. Each part is encoded apart, as Firefly does. */
export interface StringForm {
  kind: "string";
  /** Undefined where the format has no place for a system message. */
  system?: string;
  /** System message where the conversation has none; undefined leaves the part out. */
  defaultSystem?: string;
  user: string;
  /** What opens the assistant's turn: encoded together with a user part before it. */
  prompt: string;
  assistant: string;
  /** Ends the assistant's turn and is trained; what `assistant` has behind it is not. */
  stop: string;
}

/** A format that is written as token ids around utterances that are encoded apart. */
export interface IdForm {
  kind: "ids";
  /** Firefly's first format, or Baichuan's official one. */
  layout: "firefly-classic" | "baichuan-official";
}

const chatml = {
  kind: "string",
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
  kind: "string",
  system: "<s>{content}",
  defaultSystem: "",
  user: "[INST]{content}[/INST]",
  prompt: "",
  assistant: "{content}</s>",
  stop: "</s>",
} satisfies StringForm;

/** By name. `firefly-classic` is the format of the published Firefly-Baichuan models. */
export const templateForms: Readonly<Record<string, StringForm | IdForm>> = {
  "firefly-classic": { kind: "ids", layout: "firefly-classic" },
  "baichuan-official": { kind: "ids", layout: "baichuan-official" },
  baichuan: {
    kind: "string",
    user: "<reserved_102>{content}<reserved_103>",
    prompt: "",
    assistant: "{content}</s>",
    stop: "</s>",
  },
  baichuan2: {
    kind: "string",
    user: "<reserved_106>{content}<reserved_107>",
    prompt: "",
    assistant: "{content}</s>",
    stop: "</s>",
  },
  default: {
    kind: "string",
    system: "System: {content}\n\n",
    user: "User: {content}\n",
    prompt: "Assistant: ",
    assistant: "{content} {eos}",
    stop: "{eos}",
  },
  chatml,
  yi: chatml,
  qwen: { ...chatml, defaultSystem: "You are a helpful assistant." },
  llama2: {
    kind: "string",
    system: "<<SYS>>\n{content}\n<</SYS>>\n\n",
    defaultSystem: llama2System,
    user: "[INST]{content}[/INST]",
    prompt: "",
    assistant: "{content} </s>",
    stop: "</s>",
  },
  llama3: {
    kind: "string",
    system: "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{content}<|eot_id|>",
    user: "<|start_header_id|>user<|end_header_id|>\n\n{content}<|eot_id|>",
    prompt: "<|start_header_id|>assistant<|end_header_id|>\n\n",
    assistant: "{content}<|eot_id|>",
    stop: "<|eot_id|>",
  },
  mistral: instruction,
  mixtral: instruction,
  zephyr: {
    kind: "string",
    system: "<|system|>\n{content}</s>",
    user: "<|user|>\n{content}</s>\n",
    prompt: "<|assistant|>\n",
    assistant: "{content}</s>\n",
    stop: "</s>",
  },
  vicuna: {
    kind: "string",
    system: "{content}\n",
    defaultSystem:
      "A chat between a curious user and an artificial intelligence assistant. " +
      "The assistant gives helpful, detailed, and polite answers to the user's questions.",
    user: "USER: {content} ",
    prompt: "ASSISTANT:",
    assistant: "{content}</s>",
    stop: "</s>",
  },
  deepseek: {
    kind: "string",
    user: "User: {content}\n\n",
    prompt: "Assistant: ",
    assistant: "{content}<｜end▁of▁sentence｜>",
    stop: "<｜end▁of▁sentence｜>",
  },
  xverse: {
    kind: "string",
    user: "Human: {content}\n\n",
    prompt: "Assistant: ",
    assistant: "{content}<|endoftext|>",
    stop: "<|endoftext|>",
  },
  gemma: {
    kind: "string",
    system: "<bos>{content}",
    defaultSystem: "",
    user: "<start_of_turn>user\n{content}<end_of_turn>\n",
    prompt: "<start_of_turn>model\n",
    assistant: "{content}<eos>\n",
    stop: "<eos>",
  },
  phi3: {
    kind: "string",
    user: "<|user|>\n{content}<|end|>\n",
    prompt: "<|assistant|>",
    assistant: "{content}<|end|>\n",
    stop: "<|end|>",
  },
};
