import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChatModel, disposeChatModel, loadChatModel } from "../../generate/index.js";
import { writeTestModel } from "../../generate/testModel.js";
import { liveTensors } from "../../tensor/index.js";
import { ConfigError } from "../../util/errors.js";
import type { GenerationRequest } from "../types.js";
import { evalModelOf, type OpenEvalModel } from "./index.js";

let before = 0;
let chat: ChatModel;
let model: OpenEvalModel;

async function open(changes: Parameters<typeof writeTestModel>[0] = {}): Promise<void> {
  const directory = writeTestModel(changes);
  before = liveTensors();
  chat = await loadChatModel(directory, { dtype: "float32", needsTemplate: false });
  rmSync(directory, { recursive: true, force: true });
  model = await evalModelOf(chat);
}

function close(): void {
  model.dispose();
  disposeChatModel(chat);
  expect(liveTensors()).toBe(before);
}

const request = (context: string, more: Partial<GenerationRequest> = {}): GenerationRequest => ({
  context,
  until: [],
  maxNewTokens: 12,
  ...more,
});

describe("generateUntil", () => {
  beforeEach(() => open({ config: { max_position_embeddings: 256 } }));
  afterEach(close);

  const contexts = ["What is 1 + 1?", "Why?", "A longer question, which has more tokens:", "Hm"];

  it("gives the same answers in any order and company, with how far it is", async () => {
    const requests = [...contexts, ...contexts].map((context, i) =>
      request(context, { maxNewTokens: 4 + i }),
    );
    const told: string[] = [];
    const answers = await model.generateUntil(requests, {
      onAnswer: (index, answer) => {
        told[index] = answer;
      },
    });
    expect(told).toEqual(answers);
    const turned = await model.generateUntil([...requests].reverse());
    expect(turned.reverse()).toEqual(answers);
    for (const [i, one] of requests.entries()) {
      expect(await model.generateUntil([one])).toEqual([answers[i]]);
    }
    // One token is one character of this model, unless it is a special one.
    expect(answers.every((answer, i) => answer.length <= 4 + i)).toBe(true);
  });

  it("ends an answer with the first text that is complete, and cuts it off", async () => {
    const [whole = ""] = await model.generateUntil([request(contexts[0]!)]);
    const [a, b] = [whole.slice(4, 6), whole.slice(3, 5)];
    const cut = (until: string[]) => model.generateUntil([request(contexts[0]!, { until })]);
    expect(await cut([a])).toEqual([whole.slice(0, whole.indexOf(a))]);
    expect(await cut([a, b])).toEqual([whole.slice(0, whole.indexOf(b))]);
    expect(await cut([b, a])).toEqual([whole.slice(0, whole.indexOf(b))]);
    expect(await cut([""])).toEqual([whole]);
  });

  it("draws by each request's seed, whatever is drawn beside it", async () => {
    const drawn = (seed: number) =>
      request(contexts[1]!, { sampling: { temperature: 1.5, topP: 0.9, seed } });
    const [first, second, greedy] = await model.generateUntil([
      drawn(1),
      drawn(2),
      request(contexts[1]!),
    ]);
    expect(first).not.toBe(second);
    expect(first).not.toBe(greedy);
    expect(await model.generateUntil([drawn(2), drawn(1), drawn(1)])).toEqual([
      second,
      first,
      first,
    ]);
  });

  it("reads the end of a prompt that leaves no room, and refuses answers without any", async () => {
    const long = "x".repeat(300);
    const [cut] = await model.generateUntil([request(`${long}abc`, { maxNewTokens: 250 })]);
    expect(await model.generateUntil([request("xxxabc", { maxNewTokens: 250 })])).toEqual([cut]);
    const all = model.generateUntil([request("a", { maxNewTokens: 256 })]);
    await expect(all).rejects.toThrow(ConfigError);
  });

  it("stops where it is told to", async () => {
    const controller = new AbortController();
    const requests = contexts.map((context, i) => request(context, { maxNewTokens: 20 + 20 * i }));
    let answered = 0;
    const asked = model.generateUntil(requests, {
      signal: controller.signal,
      onAnswer() {
        answered++;
        controller.abort();
      },
    });
    await expect(asked).rejects.toThrow();
    expect(answered).toBeLessThan(requests.length);
  });
});

describe("what a model's generation_config.json says", () => {
  afterEach(close);

  it("applies, as in transformers", async () => {
    await open({ generation: { repetition_penalty: 5 } });
    const [penalised] = await model.generateUntil([request("Why?", { maxNewTokens: 20 })]);
    close();
    await open();
    const [plain] = await model.generateUntil([request("Why?", { maxNewTokens: 20 })]);
    expect(penalised).not.toBe(plain);
  });
});
