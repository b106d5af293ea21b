// Runs llama.cpp, through node-llama-cpp, on one GGUF file: a process of its own, so that a crash of it is a failed
// test. It reads a job as JSON on standard input and prints the results as one line of JSON.
import path from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

/**
 * @typedef {object} Job
 * @property {string} packages folder with node_modules
 * @property {string} model GGUF file
 * @property {string} [adapter] GGUF file of a LoRA
 * @property {string[]} [texts] to tokenize as ordinary text
 * @property {{ ids: number[], count: number }[]} [prompts] to go on with, greedily
 * @property {object[][]} [chats] messages to render with the file's own chat template
 */

/** @type {Job} */
const job = JSON.parse(await text(process.stdin));
const entry = path.join(job.packages, "node_modules/node-llama-cpp/dist/index.js");
const { getLlama, JinjaTemplateChatWrapper, LlamaLogLevel } = await import(
  pathToFileURL(entry).href
);

const log = [];
const llama = await getLlama({
  gpu: false,
  build: "never",
  skipDownload: true,
  progressLogs: false,
  maxThreads: 2,
  logLevel: LlamaLogLevel.warn,
  logger: (level, message) => log.push(`${level}: ${message.trim()}`),
});
const model = await llama.loadModel({ modelPath: job.model, useMmap: false });
const lora = job.adapter && { adapters: [{ filePath: job.adapter, scale: 1 }] };

/** Ids that follow, the most likely each, without an end. */
async function greedy({ ids, count }) {
  const context = await model.createContext({ contextSize: 256, sequences: 1, threads: 1, lora });
  try {
    const sequence = context.getSequence();
    const found = [];
    for await (const token of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
      found.push(token);
      if (found.length === count) break;
    }
    return found;
  } finally {
    await context.dispose();
  }
}

const outputs = [];
for (const prompt of job.prompts ?? []) outputs.push(await greedy(prompt));
const template = model.fileInfo.metadata.tokenizer?.chat_template;
const rendered = (job.chats ?? []).map((messages) => {
  const chatHistory = messages.map(({ role, content }) =>
    role === "assistant" ? { type: "model", response: [content] } : { type: role, text: content },
  );
  const wrapper = new JinjaTemplateChatWrapper({ template, tokenizer: model.tokenizer });
  return wrapper.generateContextState({ chatHistory }).contextText.toString();
});
const { bos, eos, eot, shouldPrependBosToken: addsBos } = model.tokens;
const tokens = (job.texts ?? []).map((one) => model.tokenize(one, false));
process.stdout.write(
  `${JSON.stringify({ tokens, outputs, rendered, bos, eos, eot, addsBos, log })}\n`,
);
await llama.dispose();
