import { rmSync } from "node:fs";
import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import { createDecoder, disposeDecoder, generateTokens } from "../generate/index.js";
import { writeTestModel } from "../generate/testModel.js";
import { quantizeLinear } from "../lora/index.js";
import { loadModel, modelTensors, type PreparedModel, prepareModel } from "../models/index.js";
import { dispose, liveTensors } from "../tensor/index.js";
import { loadTokenizer, resolveChatTemplate } from "../text/index.js";
import { DataError } from "../util/errors.js";
import { answerPrompts, encodeSamplePrompts } from "./samples.js";

const directory = writeTestModel();
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let before = 0;
beforeEach(() => {
  before = liveTensors();
});
afterEach(() => expect(liveTensors()).toBe(before));

async function open() {
  const tokenizer = await loadTokenizer(directory);
  const template = resolveChatTemplate("firefly-classic", tokenizer);
  const model = loadModel(directory);
  return { model, text: { tokenizer, template, embeddingRows: model.config.vocab_size } };
}

it("answers each prompt in a conversation of its own, the same each time", async () => {
  const { model, text } = await open();
  const prompts = await encodeSamplePrompts(["hi", "a, b", "hi"], text, model);
  let tokens = 0;
  const options = { ...text, maxNewTokens: 5, onToken: () => void tokens++ };
  const answers = await answerPrompts(model, prompts, options);
  expect(answers.map(({ prompt }) => prompt)).toEqual(["hi", "a, b", "hi"]);
  expect(answers[2]).toEqual(answers[0]);
  expect(
    answers.every(({ finish_reason: reason }) => reason === "length" || reason === "stop"),
  ).toBe(true);
  expect(tokens).toBeGreaterThanOrEqual(3);
  expect(tokens).toBeLessThanOrEqual(15);
  dispose(modelTensors(model));
});

it("frees everything where a signal ends it between two tokens", async () => {
  const { model, text } = await open();
  const prompts = await encodeSamplePrompts(["hi"], text, model);
  const onToken = () => {
    throw new Error("stopped");
  };
  const answering = answerPrompts(model, prompts, { ...text, maxNewTokens: 5, onToken });
  await expect(answering).rejects.toThrow("stopped");
  dispose(modelTensors(model));
});

it("refuses a prompt without room for an answer, and names it", async () => {
  const { model, text } = await open();
  const long = encodeSamplePrompts(["x".repeat(100)], text, model);
  await expect(long).rejects.toThrow(DataError);
  await expect(long).rejects.toThrow(/the prompt "x{60}…" of sample_prompts is too long/);
  dispose(modelTensors(model));
});

it("a model in 4 bits that is too large to dequantize at once says the same branch by branch", async () => {
  const model = loadModel(directory, { transform: quantizeLinear });
  const answer = async (prepared: PreparedModel) => {
    const decoder = createDecoder(prepared);
    const ids: number[] = [];
    const settings = { maxNewTokens: 12 };
    for await (const { tokenId } of generateTokens(decoder, Int32Array.of(1, 20, 30), {
      settings,
    }))
      ids.push(tokenId);
    disposeDecoder(decoder);
    prepared.dispose();
    return ids;
  };
  const whole = prepareModel(model);
  const apart = prepareModel(model, { weightBytes: 0 });
  expect(await answer(apart)).toEqual(await answer(whole));
  dispose(modelTensors(model));
});
