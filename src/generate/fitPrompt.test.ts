import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadTokenizer, type Message, resolveChatTemplate, type Tokenizer } from "../text/index.js";
import { fitPrompt } from "./fitPrompt.js";
import { writeTestModel } from "./testModel.js";

const directory = writeTestModel();
let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const talk = (turns: number): Message[] => [
  ...Array.from({ length: turns }, (_, i): Message[] => [
    { role: "user", content: `question ${i}` },
    { role: "assistant", content: `answer ${i}` },
  ]).flat(),
  { role: "user", content: "last" },
];

/** The fewest messages to leave out, found one turn after the other. */
async function fewest(messages: Message[], context: number, maxNewTokens: number) {
  const template = resolveChatTemplate("firefly-classic", tokenizer);
  for (let forgotten = 0; ; forgotten += 2) {
    const shown = messages.slice(forgotten);
    const whole = { context: 1e6, maxNewTokens: 1 };
    const { promptIds } = await fitPrompt({ tokenizer, template, messages: shown }, whole);
    const most = context - Math.min(maxNewTokens, Math.floor(context / 4));
    if (promptIds.length <= most || shown.length === 1) return { forgotten, promptIds };
  }
}

it("leaves out as few turns as it can, whatever the length", async () => {
  const template = resolveChatTemplate("firefly-classic", tokenizer);
  for (const turns of [0, 1, 2, 3, 7, 20, 61]) {
    for (const context of [40, 100, 333, 1000]) {
      const messages = talk(turns);
      const room = { context, maxNewTokens: 10 };
      const found = await fitPrompt({ tokenizer, template, messages }, room);
      expect(found).toEqual(await fewest(messages, context, 10));
    }
  }
});

it("keeps out what was left out before, and refuses a last turn that is too long", async () => {
  const template = resolveChatTemplate("firefly-classic", tokenizer);
  const messages = talk(3);
  const before = { context: 1000, maxNewTokens: 10, forgotten: 4 };
  expect(await fitPrompt({ tokenizer, template, messages }, before)).toMatchObject({
    forgotten: 4,
  });
  const long: Message[] = [...messages, { role: "user", content: "x".repeat(50) }];
  const room = { context: 40, maxNewTokens: 10 };
  await expect(fitPrompt({ tokenizer, template, messages: long }, room)).rejects.toThrow(
    /too long/,
  );
});
