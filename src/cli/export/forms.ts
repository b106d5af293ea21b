/** What a model can be exported as. */
import type { WriteForm } from "./writeForm.js";

/** A value of `--to`. */
export interface ExportForm {
  summary: string;
  load: () => Promise<WriteForm>;
}

/** By the name that `--to` takes. Each is imported when it is asked for. */
export const exportForms: Readonly<Record<string, ExportForm>> = {
  safetensors: {
    summary: "a folder in Hugging Face's layout, for transformers and vLLM",
    load: async () => (await import("./safetensors.js")).exportSafetensors,
  },
  gguf: {
    summary: "one file with tokenizer and chat template, for llama.cpp and what is built on it",
    load: async () => (await import("./gguf.js")).exportGguf,
  },
  ollama: {
    summary: "a folder with a GGUF file and a Modelfile, for ollama create",
    load: async () => (await import("./ollama.js")).exportOllama,
  },
  "gguf-lora": {
    summary: "the adapters alone as a GGUF file, which llama.cpp puts beside the model",
    load: async () => (await import("./ggufLora.js")).exportGgufLora,
  },
};
