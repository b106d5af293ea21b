import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type ChatModel,
  type ChatSession,
  createSession,
  disposeChatModel,
  disposeSession,
  greedySettings,
  loadChatModel,
} from "../../generate/index.js";
import { testAdapter, writeTestModel } from "../../generate/testModel.js";
import { readScript } from "../../util/readScript.js";
import { converse } from "./converse.js";
import { chosenSeed, generationSettings, modelOptions } from "./flags.js";
import { replay, requireAnswers } from "./script.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-chat-"));
const directory = writeTestModel();
let chat: ChatModel;
let session: ChatSession;
beforeAll(async () => {
  chat = await loadChatModel(directory, { template: "firefly-classic" });
});
beforeEach(() => {
  session = createSession(chat, { settings: { ...greedySettings, maxNewTokens: 6 } });
});
afterEach(() => disposeSession(session));
afterAll(() => {
  disposeChatModel(chat);
  for (const path of [work, directory]) rmSync(path, { recursive: true, force: true });
});

/** Types `lines` into a conversation over a pipe; `failure` is what it ends with. */
async function type(...lines: string[]) {
  const input = new PassThrough();
  const said = { output: "", errors: "" };
  const outlet = (key: keyof typeof said) => ({
    closed: false,
    write(text: string) {
      said[key] += text;
    },
  });
  const done = converse(session, { input, output: outlet("output"), errors: outlet("errors") });
  input.end(lines.map((line) => `${line}\n`).join(""));
  const failure = await done.then(() => undefined, String);
  return { ...said, failure };
}

describe("/adapter", () => {
  it("weighs adapters, each answer with those that count", async () => {
    const adapted = await loadChatModel(directory, {
      template: "firefly-classic",
      adapter: [{ name: testAdapter, weight: 0.5 }, testAdapter],
    });
    const settings = { ...greedySettings, maxNewTokens: 6 };
    const answerOf = async (...lines: string[]) => {
      const plain = session;
      session = createSession(adapted, { settings });
      const { output, errors } = await type(...lines);
      disposeSession(session);
      session = plain;
      return { output, errors };
    };
    const listed = await answerOf("/adapter");
    expect(listed.errors).toMatch(/1 {2}.*lora\/adapter, weight 0\.5\n2 {2}.*, weight 1\n/);
    const none = await answerOf("/adapter 1=0 2=0", "one");
    expect(none.output).toBe((await type("one")).output);
    const second = await answerOf("/adapter 2", "one");
    expect(second.output).not.toBe(none.output);
    expect(second.errors).toMatch(/, weight 0\n2 {2}.*, weight 1\n/);
    for (const wrong of ["/adapter 3", "/adapter 1=x", "/adapter 1 2", "/adapter 0"]) {
      expect((await answerOf(wrong)).errors).toMatch(/does not understand/);
    }
    disposeChatModel(adapted);
    expect((await type("/adapter")).errors).toMatch(/has no adapters/);
  });
});

describe("a conversation over a pipe", () => {
  it("answers every line, also those that wait while an answer is made", async () => {
    const { output, errors } = await type("one", "two");
    const answers = session.messages.filter(({ role }) => role === "assistant");
    expect(answers.length).toBe(2);
    expect(output).toBe(answers.map(({ content }) => `${content}\n`).join(""));
    expect(errors.match(/tokens\/s/g)?.length).toBe(2);
  });

  it("/regenerate asks again, /reset forgets, /exit leaves", async () => {
    await type("one", "/regenerate");
    expect(session.messages.map(({ content }) => content)[0]).toBe("one");
    expect(session.messages.length).toBe(2);
    await type("/reset", "/exit", "never");
    expect(session.messages).toEqual([]);
  });

  it("/save writes a row of training data and never over a file", async () => {
    const file = join(work, "saved.jsonl");
    await type("one", `/save ${file}`);
    const row = JSON.parse(readFileSync(file, "utf8")) as { messages: unknown };
    expect(row.messages).toEqual(session.messages);
    const { errors } = await type(`/save ${file}`);
    expect(errors).toContain("already exists");
  });

  it("gives a message that cannot be answered an empty answer, and fails at the end", async () => {
    const lines = ["/nonsense", "x".repeat(80), "/save", "", "/help", "still there?"];
    const { output, errors, failure } = await type(...lines);
    expect(errors).toContain("line 1: error: unknown command /nonsense");
    expect(errors).toMatch(/line 2: error: .*too long/);
    expect(errors).toContain("line 3: error: /save requires");
    expect(session.messages.length).toBe(2);
    expect(output).toBe(`\n\n${session.messages[1]?.content}\n`);
    expect(failure).toContain("3 of 6 lines failed");
  });

  it("has an answer for each message, where the first is /regenerate", async () => {
    const { output, failure } = await type("/regenerate", "one");
    expect(output).toBe(`\n${session.messages[1]?.content}\n`);
    expect(failure).toContain("1 of 2 lines failed");
  });

  it("// begins a message with a slash", async () => {
    await type("//help");
    expect(session.messages[0]?.content).toBe("/help");
  });
});

describe("a script", () => {
  const script = (name: string, text: string) => {
    const file = join(work, name);
    writeFileSync(file, text);
    return file;
  };

  it("is a JSON array of turns, or a text file with one turn a line", () => {
    expect(readScript(script("a.json", '["one", "two\\nlines"]'))).toEqual(["one", "two\nlines"]);
    expect(readScript(script("b.txt", ' ["three"]'))).toEqual(["three"]);
    expect(readScript(script("c.txt", "\uFEFFone\r\n\r\ntwo\n"))).toEqual(["one", "two"]);
  });

  it.each([
    ["a.json", "{", /is not valid JSON/],
    ["b.json", "{}", /not an array/],
    ["c.json", '["one", 2]', /entry 2 is not a string/],
    ["d.txt", "\n\n", /no user turn/],
  ])("%s: %j is refused", (name, text, message) => {
    const file = script(`bad-${name}`, text);
    expect(() => readScript(file)).toThrow(message);
  });

  it("a missing file is named", () => {
    const file = join(work, "nowhere.json");
    expect(existsSync(file)).toBe(false);
    expect(() => readScript(file)).toThrow(`${file}: cannot be read`);
  });

  it("gives messages and one entry for each turn", async () => {
    const { messages, turns } = await replay(session, ["one", "two"], false);
    expect(messages).toEqual(session.messages);
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    expect(turns.length).toBe(2);
    for (const turn of turns) {
      expect(turn.completion_tokens).toBe(turn.token_ids.length);
      expect(turn.finish_reason).toMatch(/^(stop|length)$/);
    }
    expect(turns[1]!.prompt_tokens).toBeGreaterThan(turns[0]!.prompt_tokens);
  });

  it("has an empty answer for a question that cannot be answered, and goes on without it", async () => {
    const transcript = await replay(session, ["x".repeat(80), "two"], false);
    const [failed, answered] = transcript.turns;
    expect(failed).toMatchObject({
      finish_reason: "error",
      error: expect.stringMatching(/too long/),
      token_ids: [],
    });
    expect(transcript.messages.map(({ content }) => content)).toEqual([
      "x".repeat(80),
      "",
      "two",
      session.messages[1]?.content,
    ]);
    expect(answered?.completion_tokens).toBeGreaterThan(0);
    expect(() => requireAnswers(transcript)).toThrow("1 of 2 questions");
  });
});

describe("flags", () => {
  it("name the data type in long or short form, and nothing else", () => {
    expect(modelOptions({ model: "m", dtype: "bf16", device: "cpu" })).toMatchObject({
      dtype: "bfloat16",
      device: "cpu",
    });
    expect(() => modelOptions({ model: "m", dtype: "int3" })).toThrow(/--dtype int3/);
    expect(() => modelOptions({ model: "m", device: "tpu" })).toThrow(/--device tpu/);
  });

  it("reach the settings", () => {
    const settings = generationSettings({ model: "m", noRepeatNgramSize: 3, topP: 0.5 }, {});
    expect(settings).toMatchObject({ noRepeatNgramSize: 3, topP: 0.5, temperature: 1 });
  });

  it("without a seed one is drawn; a wrong one is refused", () => {
    expect(chosenSeed({ model: "m", seed: 3 })).toBe(3);
    expect(Number.isSafeInteger(chosenSeed({ model: "m" }))).toBe(true);
    expect(() => chosenSeed({ model: "m", seed: 1.5 })).toThrow(/seed/);
  });
});
