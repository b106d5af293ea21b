/** Named templates: text, ids and labels of their publishers' programs. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import {
  type Conversation,
  type EncodedConversation,
  encodeConversation,
  encodePrompt,
  ignoredLabel,
  loadTokenizer,
  type Message,
  renderConversation,
  resolveChatTemplate,
  textOf,
} from "../../src/text/index.js";
import { readPackedJson } from "../packedJson.js";

const fixtures = fileURLToPath(new URL("fixtures/text/", import.meta.url));

interface Case {
  template: string;
  conversation: string;
  ids: number[];
  /** Ranges of ids that are labels; absent where nothing is. */
  learnt?: [number, number][];
}
const golden: { date: string; conversations: Record<string, Conversation>; cases: Case[] } =
  readPackedJson(join(fixtures, "golden-templates.json.gz"));
const tokenizer = await loadTokenizer(join(fixtures, "marked-bytelevel"));

/** Ranges of positions with labels; two turns never touch. */
function learntRanges({ inputIds, labels }: EncodedConversation): [number, number][] {
  const ranges: [number, number][] = [];
  for (const [at, label] of labels.entries()) {
    if (label === ignoredLabel) continue;
    expect(label).toBe(inputIds[at]);
    const last = ranges.at(-1);
    if (last?.[1] === at) last[1]++;
    else ranges.push([at, at + 1]);
  }
  return ranges;
}

describe.each(golden.cases.map((one) => [one.template, one.conversation, one] as const))(
  "%s",
  (name, key, { ids, learnt }) => {
    const dated = name.startsWith("llama3.") ? { date_string: golden.date } : {};
    const template = resolveChatTemplate(name, tokenizer, dated);
    const talk = golden.conversations[key]!;
    const asks = talk.messages.at(-1)!.role !== "assistant";

    test(`writes ${key}`, async () => {
      const asked = { addGenerationPrompt: asks, promptOnly: asks };
      const segments = renderConversation(talk, template, asked);
      const start = "ids" in segments[0]! ? "<s>" : "";
      expect(start + textOf(segments)).toBe(tokenizer.decode(ids));
      if (asks) {
        const prompt = await encodePrompt(talk.messages, tokenizer, template, talk.tools);
        expect([...prompt]).toEqual(ids);
      } else {
        const encoded = await encodeConversation(talk, tokenizer, template, {
          specialTokensInText: "token",
        });
        expect([...encoded.inputIds]).toEqual(ids);
        if (learnt) expect(learntRanges(encoded)).toEqual(learnt);
      }
    });
  },
);

describe.each([...new Set(golden.cases.map(({ template }) => template))])(
  "%s, where the row spells its tokens,",
  (name) => {
    const template = resolveChatTemplate(name, tokenizer);
    const talkOf = (text: string): Conversation => ({
      messages: [
        { role: "user", content: `What is ${text}?` },
        { role: "assistant", content: `${text} ends, 这是${text}` },
        { role: "user", content: `And${text}` },
        { role: "assistant", content: "I said so." },
      ],
    });
    const encode = (text: string, mode: "error" | "text" | "token") =>
      encodeConversation(talkOf(text), tokenizer, template, { specialTokensInText: mode });

    test.each(template.stop)("takes %s for text, and ends turns where they end", async (stop) => {
      const id = tokenizer.tokenToId(stop)!;
      const count = (ids: Int32Array) => ids.filter((one) => one === id).length;
      const [plain, text, token] = await Promise.all([
        encode("it", "text"),
        encode(stop, "text"),
        encode(stop, "token"),
      ]);
      expect(count(text.inputIds)).toBe(count(plain.inputIds));
      expect(count(text.labels)).toBe(count(plain.labels));
      expect(count(token.inputIds)).toBe(count(plain.inputIds) + 4);
      expect(tokenizer.decode(text.inputIds)).toBe(tokenizer.decode(token.inputIds));
      await expect(encode(stop, "error")).rejects.toThrow("spells the special token");
    });
  },
);

test("moss learns what people say too, where the row asks for it", () => {
  const { messages } = golden.conversations.moss!;
  const asked = messages.map((one) => (one.role === "user" ? { ...one, train: true } : one));
  const segments = resolveChatTemplate("moss", tokenizer).render(asked);
  const learnt = segments.filter(({ train }) => train);
  expect(learnt.map((segment) => [segment.message, textOf([segment])])).toEqual([
    [1, "<|Human|>: 3*7?<eoh>\n"],
    [2, messages[2]!.content],
    [4, " 21<eom>"],
    [5, "<|Human|>: Why?<eoh>\n"],
    [
      6,
      "<|Inner Thoughts|>: I know.<eot>\n<|Commands|>: None<eoc>\n<|Results|>: None<eor>\n<|MOSS|>: Because.<eom>",
    ],
    [7, "<|Human|>: 谢谢<eoh>\n"],
    [8, " 不客气<eom>"],
  ]);
});

test("moss learns an answer without the thought before it", () => {
  const messages: Message[] = [
    { role: "user", content: "Why?" },
    { role: "assistant", content: "<|Inner Thoughts|>: I know.<eot>\n", train: false },
    { role: "assistant", content: "Because.", continues: true },
  ];
  const segments = renderConversation({ messages }, resolveChatTemplate("moss", tokenizer));
  expect(segments.filter(({ train }) => train).map((segment) => textOf([segment]))).toEqual([
    "<|Commands|>: None<eoc>\n<|Results|>: None<eor>\n<|MOSS|>: Because.<eom>",
  ]);
});

describe("chatglm3", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tunewright-chatglm3-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  copyFileSync(
    join(fixtures, "../tokenizers/unigram-bytes.model"),
    join(folder, "tokenizer.model"),
  );
  const config = JSON.stringify({ tokenizer_class: "ChatGLMTokenizer" });
  writeFileSync(join(folder, "tokenizer_config.json"), config);
  const own = await loadTokenizer(folder);
  const template = resolveChatTemplate("chatglm3", own);
  const { cases }: { cases: { conversation: string; ids: number[]; labels: number[] | null }[] } =
    JSON.parse(readFileSync(join(fixtures, "chatglm3-template.json"), "utf8"));

  test.each(cases)("writes $conversation", async ({ conversation, ids, labels }) => {
    const talk = golden.conversations[conversation]!;
    if (labels === null) {
      expect([...(await encodePrompt(talk.messages, own, template))]).toEqual(ids);
      return;
    }
    const encoded = await encodeConversation(talk, own, template);
    expect([...encoded.inputIds]).toEqual(ids);
    expect([...encoded.labels]).toEqual(labels);
  });

  test("stops where an answer may end", () => {
    expect(template.stop).toEqual(["</s>", "<|user|>", "<|observation|>"]);
    expect(template.stopTokenIds).toEqual(template.stop.map((text) => own.tokenToId(text)));
  });
});
