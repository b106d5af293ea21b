/** Models opened for evaluation: conversations, limits, and what is freed. */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChatModel, disposeChatModel, loadChatModel } from "../../generate/index.js";
import { writeTestModel } from "../../generate/testModel.js";
import { liveTensors } from "../../tensor/index.js";
import type { Segment } from "../../text/index.js";
import { evalModelOf, openEvalModel } from "./index.js";

let directory: string;
let chat: ChatModel;
beforeAll(async () => {
  directory = writeTestModel();
  chat = await loadChatModel(directory, { dtype: "float32", needsTemplate: false });
});
afterAll(() => {
  disposeChatModel(chat);
  rmSync(directory, { recursive: true });
});

/** The model with a template that writes these segments. */
function templated(...segments: Segment[]) {
  const template = { ...chat.template, name: "own", render: () => segments };
  return evalModelOf({ ...chat, template });
}

const request = { context: "<s>ab", continuation: "c" };

describe("a conversation", () => {
  test("is written as text, with the tokens that a template puts down by number", async () => {
    const model = await templated({ ids: [1], train: false }, { text: "ab", train: false });
    expect(model.renderChat!([{ role: "user", content: "ab" }])).toBe("<s>ab");
    const [rendered] = await model.loglikelihood([{ ...request, rendered: true }]);
    const [plain] = await model.loglikelihood([request]);
    expect(rendered!.logprob).toBeCloseTo(plain!.logprob, 5);
    model.dispose();
  });

  test("is refused where its text would be read as other tokens", async () => {
    const model = await templated({ text: "<s>ab", literal: [[0, 3]], train: false });
    await expect(model.loglikelihood([request])).resolves.toHaveLength(1);
    await expect(model.loglikelihood([{ ...request, rendered: true }])).rejects.toThrow(
      /chat template own cannot be evaluated with this tokenizer/,
    );
    model.dispose();
  });
});

describe("a model", () => {
  test("has as many positions as it is given, and says what it cut", async () => {
    const model = await evalModelOf(chat, { maxLength: 8 });
    const answers = await model.loglikelihood([
      { context: "0123456789", continuation: "a" },
      { context: "23456789", continuation: "a" },
    ]);
    expect(answers.map(({ cutTokens }) => cutTokens)).toEqual([2, undefined]);
    expect(answers[0]!.logprob).toBeCloseTo(answers[1]!.logprob, 5);
    await expect(
      model.loglikelihood([{ context: "a", continuation: "012345678" }]),
    ).rejects.toThrow(/cannot be scored/);
    model.dispose();
  });

  test("frees what it was opened with", async () => {
    const before = liveTensors();
    const model = await openEvalModel(directory, { dtype: "float32" });
    await model.loglikelihood([request]);
    model.dispose();
    expect(liveTensors()).toBe(before);
  });
});
