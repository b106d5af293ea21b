import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { liveTensors } from "../tensor/index.js";
import { type ChatModel, disposeChatModel, loadChatModel } from "./chatModel.js";
import {
  type ChatSession,
  createSession,
  disposeSession,
  reply,
  resetSession,
  setSystem,
  type Turn,
  takeBackTurn,
} from "./chatSession.js";
import { greedySettings } from "./settings.js";
import { sentencePiece, testAdapter, writeTestModel } from "./testModel.js";

const directory = writeTestModel();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const open: (() => void)[] = [];
let before = 0;
beforeEach(() => {
  before = liveTensors();
});
afterEach(() => {
  for (const close of open.splice(0)) close();
  expect(liveTensors()).toBe(before);
});

async function load(options: Parameters<typeof loadChatModel>[1] = {}): Promise<ChatModel> {
  const chat = await loadChatModel(directory, { template: "firefly-classic", ...options });
  open.unshift(() => disposeChatModel(chat));
  return chat;
}

function start(
  chat: ChatModel,
  settings: Partial<typeof greedySettings> = {},
  options: { seed?: number; system?: string } = {},
): ChatSession {
  const session = createSession(chat, {
    settings: { ...greedySettings, maxNewTokens: 8, ...settings },
    ...options,
  });
  open.unshift(() => disposeSession(session));
  return session;
}

async function ask(
  session: ChatSession,
  question: string,
  signal?: AbortSignal,
): Promise<Turn & { shown: string }> {
  const answer = reply(session, question, signal);
  let shown = "";
  let step = await answer.next();
  for (; !step.done; step = await answer.next()) shown += step.value;
  return { ...step.value, shown };
}

describe("a session", () => {
  it("keeps the conversation and shows the text that it returns", async () => {
    const session = start(await load());
    const turn = await ask(session, "hi");
    expect(turn.shown).toBe(turn.text);
    expect(turn.tokenIds.length).toBeGreaterThan(0);
    expect(turn.promptTokens).toBe(4); // <s> h i </s>
    expect(session.messages).toEqual([
      { role: "user", content: "hi" },
      { role: "assistant", content: turn.text },
    ]);
  });

  it("reuses what turns share, and answers as without the cache", async () => {
    const chat = await load();
    const session = start(chat);
    await ask(session, "hi");
    const second = await ask(session, "more");
    expect(second.reusedTokens).toBeGreaterThan(4);

    const fresh = start(chat);
    fresh.messages = session.messages.slice(0, 2);
    const again = await ask(fresh, "more");
    expect(again.reusedTokens).toBe(0);
    expect(again.tokenIds).toEqual(second.tokenIds);
  });

  it("draws the same texts from the same seed, and others from another", async () => {
    const chat = await load();
    const sampled = { temperature: 1.5, maxNewTokens: 12 };
    const ids = async (seed: number) => {
      const session = start(chat, sampled, { seed });
      return [await ask(session, "a"), await ask(session, "b")].map(({ tokenIds }) => tokenIds);
    };
    const first = await ids(1);
    expect(await ids(1)).toEqual(first);
    expect(await ids(2)).not.toEqual(first);
  });

  it("ends at a stop text, which is not part of the answer", async () => {
    const chat = await load();
    const whole = await ask(start(chat), "hi");
    const stop = whole.text.slice(3, 5);
    const cut = await ask(start(chat, { stop: [stop] }), "hi");
    expect(cut.text).toBe(whole.text.slice(0, whole.text.indexOf(stop)));
    expect(cut.finishReason).toBe("stop");
    expect(cut.tokenIds.length).toBeLessThan(whole.tokenIds.length);
  });

  it("leaves out the oldest turns when the context is full, and says so", async () => {
    const session = start(await load(), { maxNewTokens: 10 });
    const forgotten: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      const { newlyForgotten, promptTokens } = await ask(session, "question");
      forgotten.push(newlyForgotten);
      expect(promptTokens).toBeLessThanOrEqual(64 - 10);
    }
    expect(forgotten[0]).toBe(0);
    expect(forgotten.some((count) => count > 0)).toBe(true);
    expect(forgotten.every((count) => count % 2 === 0)).toBe(true);
    expect(session.messages.length).toBe(10);
  });

  it("refuses a message that the context cannot hold and stays as it was", async () => {
    const session = start(await load());
    await ask(session, "hi");
    const messages = [...session.messages];
    await expect(ask(session, "x".repeat(80))).rejects.toThrow(/too long/);
    expect(session.messages).toEqual(messages);
    expect((await ask(session, "still there?")).tokenIds.length).toBeGreaterThan(0);
  });

  it("keeps what was said when the answer is stopped", async () => {
    const session = start(await load(), { maxNewTokens: 30 });
    const controller = new AbortController();
    const answer = reply(session, "hi", controller.signal);
    const first = await answer.next();
    controller.abort();
    let step = await answer.next();
    while (!step.done) step = await answer.next();
    expect(step.value.finishReason).toBe("aborted");
    expect(step.value.tokenIds.length).toBeLessThan(30);
    expect(session.messages[1]?.content.startsWith(String(first.value))).toBe(true);
  });

  it("forgets a question that was stopped before a word", async () => {
    const session = start(await load());
    const { finishReason } = await ask(session, "hi", AbortSignal.abort());
    expect(finishReason).toBe("aborted");
    expect(session.messages).toEqual([]);
  });

  it("takes back the last turn, resets, and changes the system message", async () => {
    const session = start(await load());
    await ask(session, "one");
    await ask(session, "two");
    expect(takeBackTurn(session)).toBe("two");
    expect(session.messages.map(({ content }) => content)[0]).toBe("one");
    expect(session.messages.length).toBe(2);
    setSystem(session, "be brief");
    expect(session.messages[0]).toEqual({ role: "system", content: "be brief" });
    resetSession(session);
    expect(session.messages).toEqual([{ role: "system", content: "be brief" }]);
    setSystem(session, "");
    expect(session.messages).toEqual([]);
    expect(takeBackTurn(session)).toBeUndefined();
  });
});

describe("loading a model to talk to", () => {
  it("attaches an adapter, which changes the answer, and refuses a directory without one", async () => {
    const plain = await ask(start(await load()), "hi");
    const adapted = await ask(start(await load({ adapter: testAdapter })), "hi");
    expect(adapted.tokenIds).not.toEqual(plain.tokenIds);
    await expect(load({ adapter: directory })).rejects.toThrow(/does not contain an adapter/);
  });

  it("puts several adapters on each other, and names the adapter that a directory has inside", async () => {
    const outer = mkdtempSync(join(tmpdir(), "tunewright-outer-"));
    cpSync(testAdapter, join(outer, "default"), { recursive: true });
    const once = await ask(start(await load({ adapter: testAdapter })), "hi");
    const twice = await load({ adapter: [testAdapter, join(outer, "default")] });
    expect((await ask(start(twice), "hi")).tokenIds).not.toEqual(once.tokenIds);
    await expect(load({ adapter: outer })).rejects.toMatchObject({
      todo: `give ${join(outer, "default")}`,
    });
    rmSync(outer, { recursive: true, force: true });
  });

  it("refuses an adapter that names a base model that is not there", async () => {
    await expect(loadChatModel(testAdapter)).rejects.toThrow(/untied/);
  });

  it("frees what was loaded when something does not fit", async () => {
    const adapter = mkdtempSync(join(tmpdir(), "tunewright-adapter-"));
    cpSync(testAdapter, adapter, { recursive: true });
    const file = join(adapter, "adapter_config.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...config, target_modules: ["q_proj"] }));
    const loading = loadChatModel(directory, { template: "firefly-classic", adapter });
    await expect(loading).rejects.toThrow(/does not belong to any layer/);
    rmSync(adapter, { recursive: true, force: true });
  });

  it("refuses a tokenizer of another model", async () => {
    const other = writeTestModel();
    cpSync(sentencePiece, other, { recursive: true });
    await expect(loadChatModel(other, { template: "firefly-classic" })).rejects.toThrow(
      /does not belong to this model/,
    );
    rmSync(other, { recursive: true, force: true });
  });

  it("finds the base model and the template that a run names", async () => {
    const run = mkdtempSync(join(tmpdir(), "tunewright-run-"));
    cpSync(testAdapter, run, { recursive: true });
    const file = join(run, "adapter_config.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...config, base_model_name_or_path: directory }));
    writeFileSync(join(run, "tunewright.json"), '{ "template_name": "firefly-classic" }');
    const chat = await loadChatModel(run);
    open.unshift(() => disposeChatModel(chat));
    expect({ path: chat.path, adapters: chat.adapters, template: chat.template.name }).toEqual({
      path: directory,
      adapters: [run],
      template: "firefly-classic",
    });
    rmSync(run, { recursive: true, force: true });
  });
});
