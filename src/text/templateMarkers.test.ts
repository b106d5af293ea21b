/** Templates with vocabularies that they do not fit. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { ConfigError } from "../util/errors.js";
import { loadTokenizer } from "./loadTokenizer.js";
import { resolveChatTemplate } from "./resolveChatTemplate.js";
import { knownTemplateName } from "./templateAliases.js";
import { chatTemplateNames } from "./templateForms.js";
import { byteTokenizer, chatmlJinja } from "./testTokenizers.js";
import type { Tokenizer, TokenizerOptions } from "./tokenizer.js";

const vocabularies = fileURLToPath(
  new URL("../../test/parity/fixtures/tokenizers/", import.meta.url),
);
const work = mkdtempSync(join(tmpdir(), "tunewright-pairs-"));
afterAll(() => rmSync(work, { recursive: true }));

/** A tokenizer of a class, with a small vocabulary of its kind. */
async function ofClass(name: string, file: string, saved: string, options?: TokenizerOptions) {
  const folder = mkdtempSync(join(work, "model-"));
  copyFileSync(join(vocabularies, file), join(folder, saved));
  const config = JSON.stringify({ tokenizer_class: name });
  writeFileSync(join(folder, "tokenizer_config.json"), config);
  return loadTokenizer(folder, options);
}

const llama2 = (options?: TokenizerOptions) =>
  ofClass("LlamaTokenizer", "bpe.model", "tokenizer.model", options);
const qwen = () => ofClass("QWenTokenizer", "qwen.tiktoken", "qwen.tiktoken");
const chatglm3 = () => ofClass("ChatGLMTokenizer", "unigram-bytes.model", "tokenizer.model");

function refusal(name: string, tokenizer: Tokenizer): ConfigError {
  try {
    resolveChatTemplate(name, tokenizer);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`${name} is taken`);
}

test.each([
  ["chatml", "Llama 2", llama2, "the tokens <|im_end|>, <|im_start|>"],
  ["qwen3", "Llama 2", llama2, "the tokens <|im_end|>, <|im_start|>"],
  ["llama3", "Qwen", qwen, "a start token (bos_token)"],
  ["llama3", "Llama 2", llama2, "the tokens <|eot_id|>, <|start_header_id|>, <|end_header_id|>"],
  ["llama3.1", "Qwen", qwen, "a start token (bos_token)"],
  ["vicuna", "Qwen", qwen, "a start token (bos_token)"],
  ["xverse", "ChatGLM3", chatglm3, undefined],
  ["gemma", "Llama 2", llama2, "the tokens <end_of_turn>, <start_of_turn>"],
  ["mistral-v3", "Llama 2", llama2, "the tokens [INST], [/INST]"],
  [
    "deepseek-v3",
    "Llama 2",
    llama2,
    "the tokens <｜end▁of▁sentence｜>, <｜User｜>, <｜Assistant｜>",
  ],
  ["glm4", "ChatGLM3", chatglm3, "the tokens [gMASK], <sop>, <|system|>, <|assistant|>"],
  ["chatglm3", "Llama 2", llama2, "the tokens [gMASK]"],
  ["baichuan2", "Llama 2", llama2, "Baichuan's reserved token with the id 195, which is"],
  ["moss", "Qwen", qwen, "the tokens <eom>, <eoc>, <eoh>, <eot>, <eor>"],
  ["firefly-baichuan2", "Qwen", qwen, "the token </s>"],
])("%s on the vocabulary of %s", async (name, _family, open, lacks) => {
  const tokenizer = await open();
  if (lacks === undefined) {
    expect(resolveChatTemplate(name, tokenizer).stop[0]).toBe(tokenizer.eosToken);
    return;
  }
  const { message, why, todo } = refusal(name, tokenizer);
  expect(message).toBe(`chat template ${name} does not fit the model ${tokenizer.name}`);
  expect(why).toContain(lacks);
  expect(todo).toMatch(/^choose another, of which it has the tokens \(.*\bdefault\b/);
});

test("a refusal names the formats that fit, and the model's own where it has one", async () => {
  const tokenizer = await llama2();
  const { todo } = refusal("llama3", tokenizer);
  const named = /tokens \((.*?)\)/.exec(todo!)![1]!.split(", ");
  const fitting = ["llama2", "vicuna", "mistral", "zephyr", "alpaca", "firefly-llama2"];
  expect(named).toEqual(expect.arrayContaining(fitting));
  for (const name of named) expect(() => refusal(name, tokenizer)).toThrow("is taken");
  const own = byteTokenizer([], chatmlJinja);
  expect(refusal("llama3", own).todo).toMatch(/^remove template_name to use the model's own/);
});

test("new_tokens make a format fit", async () => {
  const tokens = ["<|im_end|>", "<|im_start|>"];
  expect(refusal("chatml", await llama2()).todo).toContain(`new_tokens: ${JSON.stringify(tokens)}`);
  const tokenizer = await llama2({ newTokens: tokens });
  const { stopTokenIds } = resolveChatTemplate("chatml", tokenizer);
  expect(stopTokenIds[0]).toBe(tokenizer.tokenToId("<|im_end|>"));
});

test("a marker that is in the vocabulary, but not found in text, is no token", async () => {
  const tokenizer = await chatglm3();
  expect(tokenizer.tokenToId("<|user|>")).toBeDefined();
  expect(refusal("phi3", tokenizer).why).toContain("<|user|>");
});

test("names of other programs lead to the format here, and say so", async () => {
  const known = {
    qwen2_5: "qwen2.5",
    Qwen3_nothink: "qwen3-instruct",
    "vicuna_v1.1": "vicuna",
    glm4_0414: "glm4-0414",
    deepseek3: "deepseek-v3",
    deepseek_r1: "deepseek-r1",
    intern2: "internlm2",
    mistral_nemo: "mistral-v3-tekken",
    "llama-3.1": "llama3.1",
    "baichuan2-chat": "baichuan2",
    nothing: "nothing",
  };
  for (const [given, name] of Object.entries(known)) expect(knownTemplateName(given)).toBe(name);
  for (const name of chatTemplateNames) expect(knownTemplateName(name)).toBe(name);
  const tokenizer = await llama2();
  const { name, notes } = resolveChatTemplate("vicuna_v1.1", tokenizer);
  expect(name).toBe("vicuna");
  expect(notes).toEqual(["template_name vicuna_v1.1 is called vicuna here."]);
  expect(() => resolveChatTemplate("qwen9", tokenizer)).toThrow('unknown chat template "qwen9"');
});
