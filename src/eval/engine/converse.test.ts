import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ChatModel, disposeChatModel, loadChatModel } from "../../generate/index.js";
import { writeTestModel } from "../../generate/testModel.js";
import { converse } from "./converse.js";

const directory = writeTestModel();
let chat: ChatModel;
beforeAll(async () => {
  chat = await loadChatModel(directory, { template: "firefly-classic" });
});
afterAll(() => {
  disposeChatModel(chat);
  rmSync(directory, { recursive: true, force: true });
});

describe("converse", () => {
  it("answers in one conversation, and says which question has no answer", async () => {
    const told: number[] = [];
    const spoken = await converse(chat, ["one", "x".repeat(80), "two"], {
      maxNewTokens: 6,
      onAnswer: (index) => told.push(index),
    });
    expect(told).toEqual([0, 1, 2]);
    expect(spoken[1]).toMatchObject({ text: "", finishReason: "error" });
    expect(spoken[1]!.error).toMatch(/too long/);
    expect(spoken[2]!.promptTokens).toBeGreaterThan(spoken[0]!.promptTokens);
    for (const turn of [spoken[0]!, spoken[2]!]) expect(turn.tokens).toBeLessThanOrEqual(6);
  });

  it("stops with the signal's reason", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(converse(chat, ["one"], { maxNewTokens: 6, signal })).rejects.toThrow("enough");
  });
});
