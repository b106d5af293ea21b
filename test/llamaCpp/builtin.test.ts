/** The built-in model as GGUF files: llama.cpp tokenizes, renders and answers as we do. */
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ChatModel,
  createDecoder,
  disposeChatModel,
  disposeDecoder,
  generateText,
  loadChatModel,
} from "../../src/generate/index.js";
import { prepareModel } from "../../src/models/index.js";
import {
  encodePrompt,
  ggufVocabulary,
  loadTokenizer,
  type Message,
  textOf,
} from "../../src/text/index.js";
import { builtinModelName, builtinModelPath } from "../../src/util/builtin-model.js";
import { writeModelAsGguf } from "./exported.js";
import { hardTexts } from "./hardTexts.js";
import { hasLlamaCpp, runLlamaCpp } from "./llamaCpp.js";

const model = builtinModelPath();
const present = existsSync(model) && (await hasLlamaCpp());
if (!existsSync(model)) console.warn("skipped: the built-in model is not set up");

const chats: Message[][] = [
  [{ role: "user", content: "Name three colours." }],
  [{ role: "user", content: "What is the capital of France?" }],
  [
    { role: "system", content: "You answer in one sentence." },
    { role: "user", content: "Why is the sky blue?" },
    { role: "assistant", content: "Air scatters blue light most." },
    { role: "user", content: "And at sunset?" },
  ],
  [{ role: "user", content: "用中文写一句话。😀" }],
];
const COUNT = 24;

describe.skipIf(!present)("the built-in model", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "gguf-builtin-"));
  let chat: ChatModel;
  let prompts: { ids: number[]; count: number }[];
  const fileOf = (type: string) => path.join(folder, `${type}.gguf`);
  beforeAll(async () => {
    chat = await loadChatModel(builtinModelName, { dtype: "float32" });
    const { tokenizer, template } = chat;
    const encoded = chats.map((messages) => encodePrompt(messages, tokenizer, template));
    prompts = (await Promise.all(encoded)).map((ids) => ({ ids: [...ids], count: COUNT }));
    const rows = chat.model.config.vocab_size;
    const { fields, notes } = await ggufVocabulary(tokenizer, rows, template);
    expect(notes).toEqual([]);
    expect(writeModelAsGguf(model, fileOf("F16"), "F16", fields)).toEqual([]);
    writeModelAsGguf(model, fileOf("Q4_K_M"), "Q4_K_M", fields);
  }, 300_000);
  afterAll(() => disposeChatModel(chat));

  it("in F16: same ids of texts, same prompts, same answers, same ends", async () => {
    const texts = [...hardTexts];
    const found = await runLlamaCpp({ model: fileOf("F16"), texts, prompts, chats });
    expect(found.tokens).toEqual(
      await Promise.all(texts.map(async (one) => [...(await chat.tokenizer.encode(one))])),
    );
    expect(found.rendered).toEqual(chats.map((messages) => textOf(chat.template.render(messages))));
    expect(found).toMatchObject({ eos: chat.tokenizer.eosTokenId, addsBos: false });
    const decoder = createDecoder(prepareModel(chat.model));
    for (const [index, { ids }] of prompts.entries()) {
      const answer = generateText(decoder, chat.tokenizer, Int32Array.from(ids), {
        settings: { maxNewTokens: COUNT },
        stopTokenIds: chat.stopTokenIds,
      });
      let step = await answer.next();
      while (!step.done) step = await answer.next();
      const { tokenIds, finishReason } = step.value;
      // llama.cpp is asked for tokens beyond the end, too.
      expect(found.outputs[index]!.slice(0, tokenIds.length)).toEqual(tokenIds);
      expect(tokenIds.length === COUNT || finishReason === "stop").toBe(true);
    }
    disposeDecoder(decoder);
    decoder.prepared.dispose();
  });

  it("in F16 is read back with its tokenizer", async () => {
    const tokenizer = await loadTokenizer(fileOf("F16"));
    for (const text of hardTexts) {
      expect(await tokenizer.encode(text)).toEqual(await chat.tokenizer.encode(text));
    }
    expect(tokenizer.chatTemplates).toEqual(chat.tokenizer.chatTemplates);
    expect(tokenizer.eosTokenIds).toEqual(chat.tokenizer.eosTokenIds);
  });

  it("in Q4_K_M still knows colours", async () => {
    const { outputs } = await runLlamaCpp({ model: fileOf("Q4_K_M"), prompts: [prompts[0]!] });
    expect(chat.tokenizer.decode(outputs[0]!)).toContain("Red");
  });
});
